import { TestBed } from '@angular/core/testing';
import { manualConnection } from 'rxjs-net/testing';
import { of } from 'rxjs';
import { CONNECT, type Connect } from './connection/connect';
import { Smallest } from './smallest';

describe('Smallest', () => {
  it('says hello, and shows what is answered', async () => {
    const connection = manualConnection();
    const connect: Connect = () => of(connection);
    TestBed.configureTestingModule({ providers: [{ provide: CONNECT, useValue: connect }] });
    const fixture = TestBed.createComponent(Smallest);
    await fixture.whenStable();
    const page = fixture.nativeElement as HTMLElement;

    page.querySelector('button')!.click();
    expect(connection.transport.calls).toEqual(['write hello\n']);
    connection.transport.receive('hello, ', 'page\n');
    await fixture.whenStable();

    expect(page.querySelector('p')!.textContent).toBe('hello, page');
  });
});
