import { gatewayArguments } from '../../../examples/gateway/arguments.js';

describe('examples: the arguments of the gateway', () => {
  it('are a port, which may be left out, and targets', () => {
    const { port, host, targets, origins, proxyProtocol } = gatewayArguments([
      '0',
      'redis=127.0.0.1:6379',
      'h:1',
    ]);
    expect({ port, host, origins }).toEqual({ port: 0, host: '127.0.0.1', origins: [] });
    expect(targets.targets.map(({ name }) => name)).toEqual(['redis', 'h:1']);
    expect(proxyProtocol.size).toBe(0);
    expect(gatewayArguments(['h:1']).port).toBe(8080);
  });

  it('are options, which may stand anywhere', () => {
    const { port, host, origins, trustedProxies } = gatewayArguments([
      '--origin=https://a.example',
      '8000',
      '--host=::1',
      'h:1',
      '--origin=http://localhost:4200',
      '--trust-proxy=127.0.0.1',
      '--trust-proxy=0::1',
    ]);
    expect({ port, host, origins }).toEqual({
      port: 8000,
      host: '::1',
      origins: ['https://a.example', 'http://localhost:4200'],
    });
    expect([...trustedProxies]).toEqual(['127.0.0.1', '::1']);
  });

  it('name the targets that get the PROXY line: by default all, or those that are named', () => {
    const names = (...options: string[]): string[] => [
      ...gatewayArguments(['a=h:1', 'H:2', ...options]).proxyProtocol,
    ];
    expect(names('--proxy-protocol')).toEqual(['a', 'H:2']);
    expect(names('--proxy-protocol=h:2')).toEqual(['H:2']);
    expect(names('--proxy-protocol=h:2', '--proxy-protocol=a')).toEqual(['H:2', 'a']);
  });

  it('are refused one by one, before anything is done', () => {
    const cases: [args: string[], message: RegExp][] = [
      [[], /^A TARGET is missing/],
      [['8080'], /^A TARGET is missing/],
      [['--proxy-protocol'], /^A TARGET is missing/],
      [['65536', 'h:1'], /^port must be an integer from 0 to 65535, not 65536$/],
      [['h:1', '8080'], /^A target must be HOST:PORT.*not "8080"$/],
      [['h:1', 'h:1'], /^"h:1" is listed twice$/],
      [['h:1', '--host='], /^host must be a name or an address/],
      [
        ['h:1', '--port=1'],
        /^There is no option --port, but --host, --origin, --proxy-protocol, --trust-proxy$/,
      ],
      [['h:1', '--constructor'], /^There is no option --constructor, but/],
      [['h:1', '--origin'], /^origin must be as .* not ""$/],
      [['h:1', '--origin=*'], /not "\*"$/],
      [['h:1', '--origin=null'], /not "null"$/],
      [['h:1', '--origin=example.com'], /not "example.com"$/],
      [['h:1', '--origin=https://example.com/'], /not "https:\/\/example.com\/"$/],
      [['h:1', '--origin=https://example.com:443'], /:443"$/],
      [['h:1', '--origin=file:///'], /not "file:\/\/\/"$/],
      [['h:1', '--proxy-protocol=redis'], /^There is no target "redis"$/],
      [['h:1', '--trust-proxy=fe80::1%lo'], /^A proxy must be an address/],
      [['h:1', '--trust-proxy=localhost'], /^A proxy must be an address, not "localhost"$/],
    ];
    for (const [args, message] of cases) {
      expect(() => gatewayArguments(args))
        .withContext(args.join(' '))
        .toThrowError(message);
    }
  });
});
