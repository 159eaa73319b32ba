import { Listeners } from '../../src/streams/Listeners.js';

describe('Listeners', () => {
  let listeners: Listeners;
  let log: unknown[];
  const told = (name: string) => (): void => void log.push(name);
  const tell = (): unknown[] => {
    log = [];
    listeners.tell({ report: (error) => log.push(error) });
    return log;
  };

  beforeEach(() => (listeners = new Listeners()));

  it('are told in the order in which they came, however many go and come meanwhile', () => {
    expect(tell()).toEqual([]);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => listeners.add(told(name)));
    expect(tell()).toEqual(['a', 'b', 'c']);
    a!();
    a!();
    expect(tell()).toEqual(['b', 'c']);
    listeners.add(told('d'));
    b!();
    expect(tell()).toEqual(['c', 'd']);
    c!();
    expect(tell()).toEqual(['d']);
  });

  it('can be taken back twice, the only one too', () => {
    const remove = listeners.add(told('only'));
    remove();
    expect(remove).not.toThrow();
    listeners.add(told('next'));
    remove();
    expect(tell()).toEqual(['next']);
  });

  it('that are taken back before their turn are not told', () => {
    let removeLast = (): void => undefined;
    listeners.add(() => removeLast());
    listeners.add(told('between'));
    removeLast = listeners.add(told('last'));
    expect(tell()).toEqual(['between']);
  });

  for (const others of [0, 1, 2]) {
    it(`that come anew while ${others + 1} are told are told the next time`, () => {
      const remove = listeners.add(() => {
        remove();
        listeners.add(told('anew'));
      });
      for (let i = 0; i < others; i++) listeners.add(told('other'));
      const rest = Array.from({ length: others }, () => 'other');
      expect(tell()).toEqual(rest);
      expect(tell()).toEqual([...rest, 'anew']);
    });
  }

  it('are told whatever the others throw, which is reported', () => {
    for (const thrown of ['first', 'second']) {
      listeners.add(() => {
        throw new Error(thrown);
      });
      listeners.add(told(`after the ${thrown}`));
    }
    expect(tell()).toEqual([new Error('first'), 'after the first', new Error('second'), 'after the second']);
  });
});
