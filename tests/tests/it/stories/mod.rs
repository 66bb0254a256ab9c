//! Stories: what happens in the field and what is ruled of it, from the phone's screen to the dossier.

mod casework;
mod certificates;
mod clocks;
mod confirmations;
mod entries;
mod evidence;
mod evidence_arrives;
mod faults;
mod fleet;
mod handed_over;
mod hostile;
mod identity;
mod keys;
mod laboratory;
mod leases;
mod network;
mod persons;
mod products;
mod rulebooks;
mod scope;
mod sheets;
mod tasks;
mod verdicts;
mod world;
mod years;
