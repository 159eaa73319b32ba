import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { patiently } from './patience.js';
import type { Program } from './Program.js';
import type { Programs } from './usePrograms.js';

/** A server of NATS with JetStream, whose streams are kept in the folder of the programs. */
export class NatsServer {
  readonly #connections: NatsConnection[] = [];
  #program: Program;

  private constructor(
    readonly programs: Programs,
    readonly port: number,
    program: Program,
  ) {
    this.#program = program;
  }

  static async start(programs: Programs): Promise<NatsServer> {
    const { port, program } = await programs.startOnFreePort((port) => begin(programs, port), READY);
    return new NatsServer(programs, port, program);
  }

  /** Kills it in the middle of whatever it does. */
  async kill(): Promise<void> {
    await this.#program.stop();
  }

  /** Starts it again, on what it has kept. */
  async startAgain(): Promise<void> {
    this.#program = begin(this.programs, this.port);
    await this.#program.says(READY);
  }

  async connect(): Promise<{ nc: NatsConnection; js: JetStreamClient; jsm: JetStreamManager }> {
    const options = { port: this.port, maxReconnectAttempts: -1, reconnectTimeWait: 50, reconnectJitter: 50 };
    const nc = await patiently('a connection to NATS', connect(options));
    this.#connections.push(nc);
    return { nc, js: jetstream(nc), jsm: await jetstreamManager(nc) };
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.splice(0).map((nc) => nc.close()));
  }
}

const READY = /Server is ready/;

function begin(programs: Programs, port: number): Program {
  const store = ['-js', '-sd', programs.folder];
  return programs.start('nats-server', ['-a', '127.0.0.1', '-p', String(port), ...store]);
}
