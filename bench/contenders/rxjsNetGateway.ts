/** The gateway of the examples, as a program runs it. */
import { AllowList } from '../../examples/gateway/AllowList.js';
import { gateway } from '../../examples/gateway/gateway.js';
import type { JobOptions } from '../answerJobs.js';

export function rxjsNetGateway({ port }: JobOptions): Promise<{ url: string }> {
  return new Promise((resolve, reject) => {
    gateway({
      port: 0,
      targets: new AllowList([`it=127.0.0.1:${port}`]),
      onListening: ({ addresses: [address] }) =>
        resolve({ url: `ws://127.0.0.1:${address!.port}/?target=it` }),
    }).subscribe({ error: reject });
  });
}
