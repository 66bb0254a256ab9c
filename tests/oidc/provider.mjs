// A real OpenID Connect provider for the tests of `/v1/oidc`: the npm package `oidc-provider` on a port of loopback, with
// its own login and consent forms. It takes its clients on the command line, prints its issuer when it listens, and ends
// with its standard input, so that nothing of it is left when the test is gone.
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import Provider from 'oidc-provider';

const [redirect, secret] = process.argv.slice(2);

const key = () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
};

// Whoever logs in as `subject:name` is that subject, and is called so; everything else is a name and a subject at once.
const findAccount = (_, id) => ({
  accountId: id,
  claims: () => ({
    sub: id,
    preferred_username: id.split(':').pop(),
    email: `${id.split(':').pop()}`,
    email_verified: !id.startsWith('unverified:'),
  }),
});

const listener = createServer();
listener.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${listener.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'fieldseal',
      client_secret: secret,
      redirect_uris: [redirect],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    }],
    claims: { openid: ['sub'], profile: ['preferred_username'], email: ['email', 'email_verified'] },
    cookies: { keys: [randomUUID()] },
    findAccount,
    jwks: { keys: [key()] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
  });
  listener.on('request', provider.callback());
  console.log(issuer);
});
// Nobody reads what is printed after the issuer.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
process.stdin.on('end', () => process.exit(0)).resume();
