import { environmentSecrets, mapSecrets, Secret, type SecretProvider } from 'heirline';

process.env['MAIL_KEY'] = 'from the environment';

// One of your own, such as a vault: an object with `resolve`.
const vault: SecretProvider = {
  resolve: async (name) => (name === 'API_KEY' ? Secret.of('from the vault') : undefined),
};

const providers = {
  environment: environmentSecrets(),
  map: mapSecrets({ API_KEY: 'from the record' }),
  vault,
};
for (const [name, provider] of Object.entries(providers)) {
  const [api, mail] = await Promise.all([provider.resolve('API_KEY'), provider.resolve('MAIL_KEY')]);
  console.log(name, '-', api?.reveal(), '-', mail?.reveal());
}

// prints
// environment - undefined - from the environment
// map - from the record - undefined
// vault - from the vault - undefined
