import { TestBed, type ComponentFixture } from '@angular/core/testing';
import { manualConnection, type ManualConnection } from 'rxjs-net/testing';
import { defer, of } from 'rxjs';
import { App } from './app';
import { CONNECT, RECONNECT, type Connect } from './connection/connect';

/** The page, on connections that the test plays. */
async function page() {
  const connections: ManualConnection[] = [];
  const connect: Connect = (_target, options) =>
    defer(() => {
      const connection = manualConnection(options);
      connections.push(connection);
      return of(connection);
    });
  TestBed.configureTestingModule({
    providers: [
      { provide: CONNECT, useValue: connect },
      { provide: RECONNECT, useValue: { initialDelay: 60_000, maxDelay: 60_000, random: () => 1 } },
    ],
  });
  const fixture = TestBed.createComponent(App);
  await fixture.whenStable();
  return { fixture, connections };
}

function text({ nativeElement }: ComponentFixture<App>, selector: string): string {
  return (nativeElement as HTMLElement).querySelector(selector)?.textContent ?? '';
}

function button({ nativeElement }: ComponentFixture<App>, name: string): HTMLButtonElement {
  const buttons = [...(nativeElement as HTMLElement).querySelectorAll('button')];
  return buttons.find((found) => found.textContent.trim() === name)!;
}

describe('App', () => {
  it('connects when it is on the page, and sends what is picked', async () => {
    const { fixture, connections } = await page();

    expect(text(fixture, 'app-connection-card')).toContain('Open');
    button(fixture, 'PING').click();

    expect(connections[0]!.transport.calls).toEqual(['write *1\r\n$4\r\nPING\r\n']);
  });

  it('shows why it waits, and tries again at once when it is told to', async () => {
    const { fixture, connections } = await page();

    connections[0]!.transport.lose(new Error('the gateway is gone'));
    await fixture.whenStable();
    expect(text(fixture, 'app-connection-card')).toContain(
      'the gateway is gone. Attempt 2 follows in 60.0 s.',
    );
    button(fixture, 'Try now').click();
    await fixture.whenStable();

    expect(text(fixture, 'app-connection-card')).toContain('Open');
    expect(connections.length).toBe(2);
  });

  it('has its connection stop when it is stalled', async () => {
    const { fixture, connections } = await page();

    button(fixture, 'Stall the page').click();
    connections[0]!.transport.receive(...Array.from({ length: 30_000 }, () => '+PONG\r\n'));
    expect(connections[0]!.transport.calls).toEqual(['pause']);
    await fixture.whenStable();
    button(fixture, 'Go on reading').click();

    expect(connections[0]!.transport.calls).toEqual(['pause', 'resume']);
  });

  it('closes its connection when it goes', async () => {
    const { fixture, connections } = await page();

    fixture.destroy();

    expect(connections[0]!.transport.calls).toEqual(['close']);
  });
});
