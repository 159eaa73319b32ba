import { globMatches } from './glob.js';
import { Push } from './resp.js';

/** Whoever listens: is given what is published. */
export interface Listener {
  receive(push: Push): void;
}

type Listeners = Map<string, Set<Listener>>;

/** Who listens to which channels, and to which patterns of channels. */
export class Channels {
  readonly #byName: Listeners = new Map();
  readonly #byPattern: Listeners = new Map();

  join(kind: 'name' | 'pattern', channel: string, listener: Listener): void {
    const listeners = this.#of(kind);
    const others = listeners.get(channel);
    if (others === undefined) listeners.set(channel, new Set([listener]));
    else others.add(listener);
  }

  leave(kind: 'name' | 'pattern', channel: string, listener: Listener): void {
    const listeners = this.#of(kind);
    const others = listeners.get(channel);
    others?.delete(listener);
    if (others?.size === 0) listeners.delete(channel);
  }

  /** How many have got the message. */
  publish(channel: string, message: string): number {
    let count = 0;
    const tell = (listeners: Iterable<Listener>, push: Push): void => {
      for (const listener of listeners) {
        listener.receive(push);
        count++;
      }
    };
    tell(this.#byName.get(channel) ?? [], new Push('message', [channel, message]));
    for (const [pattern, listeners] of this.#byPattern) {
      if (globMatches(pattern, channel)) tell(listeners, new Push('pmessage', [pattern, channel, message]));
    }
    return count;
  }

  #of(kind: 'name' | 'pattern'): Listeners {
    return kind === 'name' ? this.#byName : this.#byPattern;
  }
}
