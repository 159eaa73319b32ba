// Runs in the browser, before the specs load.

const karma = /** @type {any} */ (window).__karma__;

// What spec/transports/web/relay.ts finds here, and in Node from scripts/run-node-specs.js.
Object.assign(globalThis, { relay: { ...karma.config.relay, WebSocket } });

// karma-jasmine sends each result with every expectation that passed. A spec with a million of them makes a message of
// more than 100 MB, at which karma's server cuts the connection and the results that are under way are lost.
const sendResult = karma.result;
karma.result = (/** @type {any} */ result) => sendResult({ ...result, passedExpectations: [] });

// What karma-jasmine does not pass on: why a spec is pending, and that a forgotten fit() or fdescribe() kept the
// others from running.
jasmine.getEnv().addReporter({
  specDone({ status, fullName, pendingReason }) {
    if (status === 'pending') karma.info({ event: 'pending', fullName, pendingReason });
  },
  jasmineDone({ overallStatus, incompleteReason }) {
    if (overallStatus === 'incomplete') karma.error(incompleteReason);
  },
});

// An error thrown a little after the last spec still belongs to the run; without this wait the page is gone by then.
afterAll(() => new Promise((done) => setTimeout(done, 200)));
