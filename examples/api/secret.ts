import { Secret } from 'heirline';

const secret = Secret.of('open sesame');
console.log(String(secret), JSON.stringify({ secret }), secret);
console.log(secret.reveal()); // the one way to the value

// prints
// [secret] {"secret":"[secret]"} [secret]
// open sesame
