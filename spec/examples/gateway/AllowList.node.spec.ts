import fc from 'fast-check';
import { AllowList } from '../../../examples/gateway/AllowList.js';

const LIST = [
  'redis=127.0.0.1:6379',
  'sock=/run/redis.sock',
  '/run/bare.sock',
  '10.0.0.1:80',
  '[2001:db8::1]:443',
  'db.example.com:5432',
];

describe('examples: the allow-list of the gateway', () => {
  const list = new AllowList(LIST);
  const named = (text: string): string | undefined => list.find(text)?.name;

  const found: Record<string, string> = {
    redis: 'redis',
    sock: 'sock',
    '/run/bare.sock': '/run/bare.sock',
    '10.0.0.1:80': '10.0.0.1:80',
    'db.example.com:5432': 'db.example.com:5432',
    'DB.Example.COM:5432': 'db.example.com:5432',
    '[2001:db8::1]:443': '[2001:db8::1]:443',
    '[2001:DB8::1]:443': '[2001:db8::1]:443',
    '[2001:0db8:0:0:0:0:0:1]:443': '[2001:db8::1]:443',
    '[2001:db8:0:0::0.0.0.1]:443': '[2001:db8::1]:443',
  };
  for (const [text, name] of Object.entries(found)) {
    it(`finds ${name} by ${text}`, () => {
      expect(named(text)).toBe(name);
    });
  }

  const refused = [
    '',
    ' ',
    'Redis',
    'redis ',
    'redis=127.0.0.1:6379',
    // A name hides what stands behind it.
    '127.0.0.1:6379',
    'localhost:6379',
    '/run/redis.sock',
    '/run//bare.sock',
    '/run/./bare.sock',
    '/run/bare.sock\0',
    'run/bare.sock',
    '10.0.0.1',
    '10.0.0.1:',
    '10.0.0.1:81',
    '10.0.0.1:080',
    '10.0.0.1:+80',
    '10.0.0.1:80 ',
    ' 10.0.0.1:80',
    '10.0.0.1: 80',
    '10.0.0.1:80\n',
    '10.0.0.1:80\0',
    '10.0.0.1\0.example:80',
    '10.0.0.1:0x50',
    '10.0.0.1:8e1',
    '10.0.0.1:80.0',
    '10.0.0.1:65616', // 80 in 16 bits
    '10.0.0.1:4294967376', // and in 32
    `10.0.0.1:${'9'.repeat(400)}`,
    '10.0.0.1:-80',
    '10.0.0.1:８０',
    '１０.0.0.1:80',
    '10。0。0。1:80',
    '10.0.0.1.:80',
    '10.0.1:80',
    '10.1:80',
    '167772161:80',
    '0xa000001:80',
    '012.0.0.1:80',
    '010.0.0.1:80',
    '0xa.0.0.1:80',
    '10.0.0.01:80',
    '[10.0.0.1]:80',
    '[::ffff:10.0.0.1]:80',
    '[::ffff:a00:1]:80',
    '[::10.0.0.1]:80',
    '[64:ff9b::10.0.0.1]:80',
    '::ffff:10.0.0.1:80',
    'http://10.0.0.1:80',
    'tcp://10.0.0.1:80',
    '//10.0.0.1:80',
    '10.0.0.1:80/',
    '10.0.0.1:80?',
    '10.0.0.1:80#',
    'a@10.0.0.1:80',
    '10.0.0.1:80@a',
    '10.0.0.1:80@10.0.0.2:81',
    '10.0.0.1%00:80',
    '10.0.0.1%3A80',
    '2001:db8::1:443',
    '[2001:db8::1]',
    '[2001:db8::1]443',
    '[2001:db8::1%eth0]:443',
    '[2001:db8::1%25eth0]:443',
    '[2001:db8::1]]:443',
    '[[2001:db8::1]]:443',
    '[2001:db8::1]:443:443',
    '[2001:db8::2]:443',
    '[2001:db8::]:443',
    '[2001:db8::1::]:443',
    'db.example.com.:5432',
    'db..example.com:5432',
    '.db.example.com:5432',
    'db.example.com:5432:5432',
    'db.example.com:5433',
    'xdb.example.com:5432',
    'db.example.com.evil.example:5432',
    'ｄb.example.com:5432',
    'db\u00ad.example.com:5432', // a soft hyphen, which IDNA drops
    'db。example.com:5432',
    'd\u200bb.example.com:5432',
    '__proto__',
    'constructor',
    'toString',
  ];
  it('refuses what is not listed, however it is spelled', () => {
    for (const text of refused) expect(named(text)).withContext(JSON.stringify(text)).toBeUndefined();
  });

  it('takes an address of IPv4 inside IPv6 for one of its own', () => {
    const mapped = new AllowList(['[::ffff:127.0.0.1]:6379']);
    expect(mapped.find('[::FFFF:7f00:1]:6379')?.at).toEqual({ host: '::ffff:7f00:1', port: 6379 });
    expect(mapped.find('127.0.0.1:6379')).toBeUndefined();
  });

  it('gives the host and the port of the list, or its path', () => {
    expect(list.targets.map(({ at }) => at)).toEqual([
      { host: '127.0.0.1', port: 6379 },
      { path: '/run/redis.sock' },
      { path: '/run/bare.sock' },
      { host: '10.0.0.1', port: 80 },
      { host: '2001:db8::1', port: 443 },
      { host: 'db.example.com', port: 5432 },
    ]);
    expect(list.find('DB.EXAMPLE.COM:5432')).toBe(list.targets[5]);
  });

  it('refuses at the start an entry that is none, or is there already', () => {
    const none = [
      '',
      'redis',
      'redis=',
      '=127.0.0.1:6379',
      'a b=127.0.0.1:6379',
      '6379',
      ':6379',
      '127.1:6379',
      'localhost:0',
      'localhost:65536',
      'localhost:06379',
      'localhost:redis',
      '::1:6379',
      '[::1%lo]:6379',
      'example.com.:80',
      'redis://localhost:6379',
      'user@localhost:6379',
      'bücher.example:80',
      `${'a'.repeat(64)}.example:80`,
      `${'a.'.repeat(127)}b:80`,
      '-a.example:80',
      '/run/a\0b',
    ];
    for (const entry of none) {
      expect(() => new AllowList([entry]))
        .withContext(entry)
        .toThrowError(/^A target must be HOST:PORT/);
    }
    for (const twice of [
      ['a=h:1', 'a=h:2'],
      ['Host:1', 'host:1'],
      ['[::1]:1', '[0::1]:1'],
      ['/a', '/a'],
    ])
      expect(() => new AllowList(twice))
        .withContext(twice[1]!)
        .toThrowError(`${JSON.stringify(twice[1])} is listed twice`);
  });

  describe('in the URL of a request', () => {
    const requested = (url: string): string | undefined => list.requested(url)?.name;

    it('finds what the one parameter "target" names, decoded once', () => {
      expect(requested('/?target=redis')).toBe('redis');
      expect(requested('/?a=b&target=redis&c')).toBe('redis');
      expect(requested('/?target=10.0.0.1%3A80')).toBe('10.0.0.1:80');
      expect(requested('/?%74arget=redi%73')).toBe('redis');
      expect(requested('/?target=%2Frun%2Fbare.sock')).toBe('/run/bare.sock');
      expect(requested('/?target=%5B2001%3Adb8%3A%3A1%5D%3A443')).toBe('[2001:db8::1]:443');
      expect(requested('http://host/?target=redis')).toBe('redis');
    });

    it('refuses none, several, and one that is decoded only once more, or not at all', () => {
      for (const url of [
        '',
        '/',
        '/?',
        '/redis',
        '/?target',
        '/?target=',
        '/?Target=redis',
        '/?target=redis&target=redis',
        '/?target=redis&target=',
        '/?target=redis&%74arget=sock',
        '/?target[]=redis',
        '/?target=redis;',
        '/?target=redis#',
        '/?target=redis%00',
        '/?target=redis%0A',
        '/?target=redis+',
        '/?target=+redis',
        '/?target=redi%2573',
        '/?target=10.0.0.1%253A80',
        '/?target=10.0.0.1:%2B80',
        '/?target=redi%',
        '/?target=redis%ff',
        '/?target=%C0%B1redis',
        '/?target=sock?target=redis',
      ])
        expect(requested(url)).withContext(url).toBeUndefined();
    });
  });

  describe('whatever is asked for', () => {
    // Pieces of targets, and what parsers have been fooled with.
    const pieces = fc.constantFrom(
      ...LIST.flatMap((entry) => [entry, ...entry.split(/([=:.[\]/])/)]).filter(Boolean),
      ...[
        '%',
        '@',
        '\0',
        '\r\n',
        '０',
        '0x',
        '+',
        ' ',
        '。',
        '\u212a',
        '::ffff:',
        '127.1',
        '#',
        '?',
        '\\',
        '..',
      ],
    );
    const anyText = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
    );

    it('no text reaches what is not listed', () => {
      const listed = new Set(list.targets);
      fc.assert(
        fc.property(anyText, (text) => {
          const target = list.find(text);
          return target === undefined || (listed.has(target) && saysTheSame(text, target.name));
        }),
        { numRuns: 5000 },
      );
      expect(list.targets.length).toBe(LIST.length);
    });

    it('no URL does, and each throws nothing', () => {
      const listed = new Set(list.targets);
      fc.assert(
        fc.property(anyText, anyText, (before, text) => {
          const target = list.requested(`${before}?target=${text}`);
          return target === undefined || listed.has(target);
        }),
        { numRuns: 5000 },
      );
      expect(listed.size).toBe(LIST.length);
    });

    it('an address of IPv6 is found by all of its spellings, and by those of no other', () => {
      const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
      const groups = fc.array(group, { minLength: 8, maxLength: 8 });
      fc.assert(
        fc.property(groups, groups, fc.nat(), (one, other, style) => {
          const own = new AllowList([`[${one.map((part) => part.toString(16)).join(':')}]:1`]);
          expect(own.find(`[${spelled(one, style)}]:1`)).toBe(own.targets[0]);
          const isSame = one.join() === other.join();
          expect(own.find(`[${spelled(other, style)}]:1`)).toBe(isSame ? own.targets[0] : undefined);
        }),
      );
    });
  });
});

/** By the rules as a reader would put them: letters may differ in case, IPv6 is compared by its bits. */
function saysTheSame(text: string, name: string): boolean {
  if (name === text) return true;
  // No spelling of an IPv6 address holds anything but this.
  if (name.startsWith('[')) return /^\[[\da-f:.]+\]:443$/i.test(text);
  return name.includes(':') && /^[ -~]*$/.test(text) && text.toLowerCase() === name;
}

function spelled(groups: readonly number[], style: number): string {
  const width = 1 + (style % 4);
  let parts = groups.map((part) => part.toString(16).padStart(width, '0'));
  if (style & 4) parts = parts.map((part) => part.toUpperCase());
  if (style & 8) {
    const bytes = groups.slice(6).flatMap((part) => [part >> 8, part & 255]);
    parts.splice(6, 2, bytes.join('.'));
  }
  const zero = groups.slice(0, 6).findIndex((part, i) => part === 0 && groups[i + 1] === 0);
  if (!(style & 16) || zero === -1 || zero > 4) return parts.join(':');
  return `${parts.slice(0, zero).join(':')}::${parts.slice(zero + 2).join(':')}`;
}
