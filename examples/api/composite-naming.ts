import { CompositeNaming } from 'heirline';

const id = CompositeNaming.prefix('validate', 'check-email');
console.log(id, CompositeNaming.isNamespaced(id));
console.log(CompositeNaming.parentOf(id), CompositeNaming.childOf(id));

// prints
// validate::check-email true
// validate check-email
