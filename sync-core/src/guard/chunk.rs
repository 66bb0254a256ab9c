//! The chunk around a change and the header inside it, read without Automerge. Owns steps 1 and 2's entrance.

use automerge::Change;
use sha2::{Digest, Sha256};

use super::Unsafe;
use super::columns::{self, Operations};
use super::leb128::Reader;
use crate::limits::{CHANGE_ACTORS_MAX, CHANGE_BYTES_MAX, CHANGE_DEPENDENCIES_MAX};
use crate::model::ids::{Actor, ChangeHash};

/// What every Automerge chunk begins with.
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// The chunk type of a plain, uncompressed change.
const CHANGE_CHUNK: u8 = 1;

/// The header of a change, read without letting Automerge decode it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeHeader {
    /// SHA-256 over the chunk type, length and contents, recomputed here.
    pub hash: ChangeHash,
    /// The actor of the install that wrote it. Whether it is certified for an author is for the caller to check.
    pub actor: Actor,
    /// The number of the change among its actor's, from 1.
    pub seq: u64,
    /// The number of its first operation, from 1.
    pub start_op: u64,
    /// The number of its last operation; `start_op - 1` when it has none.
    pub max_op: u64,
    /// The time it claims: in our documents the phone's wall clock in milliseconds, 0 where it says none. No rule reads it;
    /// whether its author's certificate had ended is asked of it beside the time of receipt.
    pub time: i64,
    /// The note of the commit.
    pub message: Option<String>,
    /// What it depends on.
    pub deps: Vec<ChangeHash>,
    /// Other actors that its operations refer to.
    pub other_actors: Vec<Actor>,
}

/// Bytes that passed steps 1 and 2. Only [`inspect`] makes one, so nothing uninspected can be admitted.
#[derive(Debug, Clone)]
pub struct Inspected<'a> {
    header: ChangeHeader,
    bytes: &'a [u8],
    operations: Operations,
}

impl<'a> Inspected<'a> {
    /// The header that was read.
    pub fn header(&self) -> &ChangeHeader {
        &self.header
    }

    /// The bytes that were inspected.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where the operations' columns lie in the bytes.
    pub(super) fn operations(&self) -> &Operations {
        &self.operations
    }
}

/// The bytes of a change as they travel and as they are stored: the uncompressed chunk, of type 1.
///
/// `Change::raw_bytes` gives them for every change, however large; it is `Change::bytes` that compresses beyond 256
/// bytes. So type 2 never has to be accepted, and nothing is inflated before it has been judged: the page around the
/// changes is compressed instead, with a bound on its inflated size.
pub fn wire_bytes(change: &Change) -> Vec<u8> {
    change.raw_bytes().to_vec()
}

/// Steps 1 and 2 for bytes of unknown origin. Allocates no more than the header's own parts.
///
/// # Errors
/// [`Unsafe`] with the first reason found; the bytes go to quarantine.
pub fn inspect(bytes: &[u8]) -> Result<Inspected<'_>, Unsafe> {
    let (hash, contents) = open(bytes)?;
    let mut reader = Reader::new(contents);

    let deps_count = number(&mut reader, "dependencies")?;
    if deps_count > CHANGE_DEPENDENCIES_MAX as u64 {
        return Err(Unsafe::TooManyDependencies { count: deps_count });
    }
    let mut deps = Vec::new();
    for _ in 0..deps_count {
        let dep = reader.array::<32>().ok_or(malformed("dependencies"))?;
        deps.push(ChangeHash(dep));
    }
    let actor = read_actor(&mut reader)?;
    let seq = number(&mut reader, "sequence number")?;
    let start_op = number(&mut reader, "first operation number")?;
    if seq == 0 || u32::try_from(seq).is_err() {
        return Err(malformed("sequence number"));
    }
    if start_op == 0 {
        return Err(malformed("first operation number"));
    }
    let time = reader.signed().ok_or(malformed("time"))?;
    let message_length = number(&mut reader, "message")?;
    let message = reader
        .take(message_length)
        .and_then(|text| std::str::from_utf8(text).ok())
        .ok_or(malformed("message"))?;
    let message = (!message.is_empty()).then(|| message.to_owned());
    let actors_count = number(&mut reader, "other actors")?;
    if actors_count > CHANGE_ACTORS_MAX as u64 {
        return Err(Unsafe::TooManyActors {
            count: actors_count,
        });
    }
    let mut other_actors = Vec::new();
    for _ in 0..actors_count {
        other_actors.push(read_actor(&mut reader)?);
    }

    let mut operations = columns::read(&mut reader, bytes.len(), 1 + actors_count)?;
    operations.bound(bytes)?;
    let max_op = start_op
        .checked_add(operations.count as u64)
        .map(|after| after - 1)
        .filter(|&max_op| u32::try_from(max_op).is_ok())
        .ok_or(Unsafe::CounterTooLarge)?;
    operations.for_each(bytes, start_op, |_| Ok(()))?;

    let header = ChangeHeader {
        hash,
        actor,
        seq,
        start_op,
        max_op,
        time,
        message,
        deps,
        other_actors,
    };
    Ok(Inspected {
        header,
        bytes,
        operations,
    })
}

/// Step 1: the chunk's frame. Returns its hash and its contents.
fn open(bytes: &[u8]) -> Result<(ChangeHash, &[u8]), Unsafe> {
    if bytes.len() > CHANGE_BYTES_MAX {
        return Err(Unsafe::TooLarge { bytes: bytes.len() });
    }
    let mut reader = Reader::new(bytes);
    if reader.array() != Some(MAGIC) {
        return Err(Unsafe::NotAChunk);
    }
    let checksum: [u8; 4] = reader.array().ok_or(Unsafe::LengthMismatch)?;
    let chunk_type = reader.byte().ok_or(Unsafe::LengthMismatch)?;
    if chunk_type != CHANGE_CHUNK {
        return Err(Unsafe::NotAChangeChunk { chunk_type });
    }
    // The hash covers the type and the length as they stand, and the length has one spelling only.
    let hashed = &bytes[MAGIC.len() + checksum.len()..];
    let length = reader.unsigned().ok_or(Unsafe::LengthMismatch)?;
    if length != reader.remaining() as u64 {
        return Err(Unsafe::LengthMismatch);
    }
    let contents = reader.take(length).ok_or(Unsafe::LengthMismatch)?;
    let hash: [u8; 32] = Sha256::digest(hashed).into();
    if hash[..checksum.len()] != checksum {
        return Err(Unsafe::ChecksumMismatch);
    }
    Ok((ChangeHash(hash), contents))
}

fn malformed(field: &'static str) -> Unsafe {
    Unsafe::Malformed { field }
}

fn number(reader: &mut Reader<'_>, field: &'static str) -> Result<u64, Unsafe> {
    reader.unsigned().ok_or(malformed(field))
}

fn read_actor(reader: &mut Reader<'_>) -> Result<Actor, Unsafe> {
    let length = number(reader, "actor")?;
    let actor = reader.take(length).ok_or(malformed("actor"))?;
    let bytes = actor
        .try_into()
        .map_err(|_| Unsafe::ActorLength { bytes: actor.len() })?;
    Ok(Actor(bytes))
}
