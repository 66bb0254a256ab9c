//! I1, nothing lost: phones and servers are killed at random points of a sync, 200 times each and until enough of the kills
//! have hit what they are meant to hit. The seed is printed; with `FIELDSEAL_SEED` a run is repeated.

mod gates;
mod phones;
mod servers;
