import { ConnectionLostError } from 'rxjs-net';
import { manualConnection } from 'rxjs-net/testing';
import { reasonText, seconds, statusText } from './status-text';

describe('statusText', () => {
  it('says why it waits, and how long', () => {
    const reason = new ConnectionLostError(new Error('socket hang up'));

    expect(statusText({ kind: 'waiting', attempt: 3, delay: 1240, reason })).toEqual({
      title: 'Waiting to reconnect',
      detail: 'The connection was lost: socket hang up. Attempt 3 follows in 1.2 s.',
    });
  });

  it('says what slows the peer down', () => {
    const connection = manualConnection({ extraInfo: { flowControl: 'credit' } });

    expect(statusText({ kind: 'open', connection }).detail).toBe(
      'Through the gateway. Flow control: credits.',
    );
  });

  it('says that nobody wants it, or what has ended it', () => {
    expect(statusText({ kind: 'closed' }).detail).toBe('Nobody has asked for it.');
    expect(statusText({ kind: 'closed', reason: new Error('enough') }).detail).toBe('enough.');
  });
});

describe('reasonText', () => {
  it('names each cause once', () => {
    const cause = new Error('no route', { cause: 'a cable' });

    expect(reasonText(new Error('lost: no route', { cause }))).toBe('lost: no route: a cable.');
  });

  it('takes an end for the work of the server', () => {
    expect(reasonText(undefined)).toBe('The server has ended the connection.');
  });
});

describe('seconds', () => {
  it('shows milliseconds below a second', () => {
    expect([seconds(80.4), seconds(2340)]).toEqual(['80 ms', '2.3 s']);
  });
});
