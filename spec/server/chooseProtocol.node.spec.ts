import { chooseProtocol } from '../../src/server/chooseProtocol.js';

const CREDIT = 'credit.rxjs-net';

describe('chooseProtocol', () => {
  it('takes the first of its names that is offered, in its own order', () => {
    expect(chooseProtocol(new Set(['b', 'a']), ['a', 'b'], true)).toBe('a');
    expect(chooseProtocol(new Set(['b', 'c']), ['a', 'b'], true)).toBe('b');
  });

  it('takes a name with credits where it is offered so, and they are wanted', () => {
    const offered = new Set([`${CREDIT}+a`, 'a', `${CREDIT}+b`, 'b']);
    expect(chooseProtocol(offered, ['b', 'a'], true)).toBe(`${CREDIT}+b`);
    expect(chooseProtocol(offered, ['b', 'a'], false)).toBe('b');
    expect(chooseProtocol(new Set(['a', `${CREDIT}+b`]), ['a', 'b'], true)).toBe('a');
  });

  it('takes credits alone where no name is offered', () => {
    expect(chooseProtocol(new Set([CREDIT]), [], true)).toBe(CREDIT);
    expect(chooseProtocol(new Set([CREDIT, 'x']), ['a'], true)).toBe(CREDIT);
    expect(chooseProtocol(new Set([CREDIT]), [], false)).toBeFalse();
  });

  it('takes none where only unknown ones are offered', () => {
    expect(chooseProtocol(new Set(['x', `${CREDIT}+x`, 'A']), ['a'], true)).toBeFalse();
    expect(chooseProtocol(new Set(), ['a'], true)).toBeFalse();
  });
});
