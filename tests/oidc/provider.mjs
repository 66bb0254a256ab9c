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

// Whoever logs in as `name` is `subject-name` here; names that begin with `x-` show another person's name.
const findAccount = (_, id) => ({
  accountId: `subject-${id}`,
  claims: () => ({
    sub: `subject-${id}`,
    preferred_username: id.startsWith('x-') ? id.slice(2) : id,
    email: `${id}@example.org`,
    email_verified: !id.startsWith('unverified'),
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
process.stdin.on('end', () => process.exit(0)).resume();
