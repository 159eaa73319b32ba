import {
  transportChecks,
  type MakeTransportPair,
  type TransportTraits,
} from '../../src/testing/checkTransport.js';

/** The exported contract suite, a spec for each rule. */
export function contractSpecs(name: string, make: MakeTransportPair, traits?: TransportTraits): void {
  describe(`${name} as a transport`, () => {
    for (const check of transportChecks(make, traits)) {
      it(check.name, async () => {
        await check.run();
        expect().nothing();
      });
    }
  });
}
