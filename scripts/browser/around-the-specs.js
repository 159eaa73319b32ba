// Runs in the browser, before the specs load.

// What karma-jasmine does not pass on: why a spec is pending, and that a forgotten fit() or fdescribe() kept the
// others from running.
jasmine.getEnv().addReporter({
  specDone({ status, fullName, pendingReason }) {
    if (status === 'pending')
      /** @type {any} */ (window).__karma__.info({ event: 'pending', fullName, pendingReason });
  },
  jasmineDone({ overallStatus, incompleteReason }) {
    if (overallStatus === 'incomplete') /** @type {any} */ (window).__karma__.error(incompleteReason);
  },
});

// An error thrown a little after the last spec still belongs to the run; without this wait the page is gone by then.
afterAll(() => new Promise((done) => setTimeout(done, 200)));
