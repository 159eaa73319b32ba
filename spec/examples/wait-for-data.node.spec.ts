import { describeExamples, runExample } from './run-example.js';

describeExamples('wait-for-data', () => {
  it('prints the data that came on the open socket, and ends', async () => {
    expect(await runExample('wait-for-data')).toEqual({ lines: ['Received: abc'], errors: '', code: 0 });
  });
});
