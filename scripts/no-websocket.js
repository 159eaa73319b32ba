/** Loaded before a program that must not open a WebSocket: whoever asks for one gets this error. */
for (const name of ['WebSocket', 'WebSocketStream']) {
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get() {
      throw new Error(`${name} is not to be used here`);
    },
  });
}
