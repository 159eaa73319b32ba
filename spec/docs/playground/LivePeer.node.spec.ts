import { config } from 'rxjs';
import { inWords } from '../../../docs/.vitepress/theme/playground/inWords.js';
import { LivePeer } from '../../../docs/.vitepress/theme/playground/LivePeer.js';

describe('LivePeer', () => {
  const unhandled = config.onUnhandledError;
  const peers: LivePeer[] = [];
  afterEach(() => {
    for (const peer of peers.splice(0)) peer.stop();
    config.onUnhandledError = unhandled;
  });

  function live(handler: string, bounds: { limit?: number; highWaterMark?: number } = {}): LivePeer {
    const peer = new LivePeer({ handler, ...bounds }, () => undefined);
    peers.push(peer);
    return peer;
  }
  const told = (peer: LivePeer): string[] =>
    inWords(peer.playback).map((line) => line.replace(/^\S+ \S+: /, ''));

  it('is heard by the handler within the call, and reads what comes back', () => {
    const peer = live(
      '({ reader, writer }) => reader.consume(lines(), (line) => writer.send(line.toUpperCase()))',
    );
    peer.send('a\\nb\\n');
    peer.end();
    expect(told(peer)).toEqual([
      'the peer sends a\\nb\\n',
      'the handler writes A',
      'the handler writes B',
      'the peer sends no more',
      'the handler closes',
      'the handler completes',
    ]);
    expect(peer.isOpen).toBeFalse();
  });

  it('is stopped by a handler that does not read, and waits where it does not read itself', () => {
    const peer = live('({ writer }) => { writer.write("x".repeat(50)); return NEVER }', {
      limit: 4,
      highWaterMark: 8,
    });
    peer.send('123456789');
    peer.send('abc');
    const { moments, happenings } = peer.playback;
    expect(moments.at(-1)).toEqual(jasmine.objectContaining({ buffered: 9, readerPaused: true }));
    expect(happenings.find(({ text }) => text === 'abc')?.arrivesAt).toBeUndefined();
    expect(told(peer)).toContain('the reader stops its peer: 9 bytes wait');
  });

  it('may reset', () => {
    const peer = live('({ reader }) => reader.lines()');
    peer.reset();
    expect(told(peer).join()).toContain('the handler fails: ConnectionLostError');
    expect(peer.isOpen).toBeFalse();
    peer.send('nobody hears it');
    expect(told(peer).join()).not.toContain('nobody');
  });

  it('tells what is wrong with the handler', () => {
    expect(live('nonsense').playback.problem).toEqual({
      where: 'handler',
      message: 'ReferenceError: nonsense is not defined',
    });
  });
});
