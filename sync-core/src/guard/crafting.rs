//! Changes built by hand for tests: any header, any columns, with a checksum that holds.

use sha2::{Digest, Sha256};

/// A number as unsigned LEB128.
pub(super) fn unsigned(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// A number as signed LEB128.
pub(super) fn signed(mut value: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if (value == 0 && low & 0x40 == 0) || (value == -1 && low & 0x40 != 0) {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// A run that repeats one encoded item.
pub(super) fn run(length: i64, item: &[u8]) -> Vec<u8> {
    [signed(length), item.to_vec()].concat()
}

/// A run of nulls.
pub(super) fn nulls(length: u64) -> Vec<u8> {
    [signed(0), unsigned(length)].concat()
}

/// Items one after the other, as one literal run.
pub(super) fn literals(items: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = signed(-(items.len() as i64));
    bytes.extend(items.concat());
    bytes
}

/// A text with its length before it.
pub(super) fn text(text: &str) -> Vec<u8> {
    [unsigned(text.len() as u64), text.as_bytes().to_vec()].concat()
}

/// A chunk of any type with a checksum that holds.
pub(super) fn chunk(chunk_type: u8, contents: &[u8]) -> Vec<u8> {
    let mut hashed = vec![chunk_type];
    hashed.extend(unsigned(contents.len() as u64));
    hashed.extend(contents);
    let hash = Sha256::digest(&hashed);
    let mut bytes = vec![0x85, 0x6f, 0x4a, 0x83];
    bytes.extend(&hash[..4]);
    bytes.extend(hashed);
    bytes
}

/// A change, part by part.
#[derive(Debug, Clone)]
pub(super) struct Crafted {
    pub(super) deps: Vec<[u8; 32]>,
    pub(super) actor: Vec<u8>,
    pub(super) seq: u64,
    pub(super) start_op: u64,
    pub(super) time: i64,
    pub(super) message: Vec<u8>,
    pub(super) other_actors: Vec<Vec<u8>>,
    /// Column specifications with their data, in the order in which they are written.
    pub(super) columns: Vec<(u32, Vec<u8>)>,
    pub(super) trailing: Vec<u8>,
}

pub(super) const OBJECT_ACTOR: u32 = 0x01;
pub(super) const OBJECT_COUNTER: u32 = 0x02;
pub(super) const KEY_STRING: u32 = 0x15;
pub(super) const INSERT: u32 = 0x34;
pub(super) const ACTION: u32 = 0x42;
pub(super) const VALUE_META: u32 = 0x56;
pub(super) const VALUE: u32 = 0x57;
pub(super) const PREDECESSORS: u32 = 0x70;
pub(super) const PREDECESSOR_ACTOR: u32 = 0x71;
pub(super) const PREDECESSOR_COUNTER: u32 = 0x73;

impl Crafted {
    /// The first change of `actor` after `deps`, which puts null under `key` of the root.
    pub(super) fn put_null(actor: u8, deps: &[[u8; 32]], start_op: u64, key: &str) -> Self {
        Self {
            deps: deps.to_vec(),
            actor: vec![actor; 16],
            seq: 1,
            start_op,
            time: 0,
            message: Vec::new(),
            other_actors: Vec::new(),
            columns: vec![
                (KEY_STRING, literals(&[text(key)])),
                (INSERT, unsigned(1)),
                (ACTION, literals(&[unsigned(1)])),
                (VALUE_META, literals(&[unsigned(0)])),
                (PREDECESSORS, literals(&[unsigned(0)])),
            ],
            trailing: Vec::new(),
        }
    }

    /// `levels` maps, each in the one before it, under the root.
    pub(super) fn nested_maps(actor: u8, deps: &[[u8; 32]], start_op: u64, levels: u64) -> Self {
        let count = levels as i64;
        let mut objects = nulls(1);
        let mut counters = nulls(1);
        if levels > 1 {
            objects.extend(run(count - 1, &unsigned(0)));
            let parents: Vec<_> = (0..levels - 1)
                .map(|level| unsigned(start_op + level))
                .collect();
            counters.extend(literals(&parents));
        }
        let mut crafted = Self::put_null(actor, deps, start_op, "k");
        crafted.columns = vec![
            (KEY_STRING, run(count, &text("k"))),
            (INSERT, unsigned(levels)),
            (ACTION, run(count, &unsigned(0))),
            (VALUE_META, run(count, &unsigned(0))),
            (PREDECESSORS, run(count, &unsigned(0))),
        ];
        if levels > 1 {
            crafted.columns.insert(0, (OBJECT_COUNTER, counters));
            crafted.columns.insert(0, (OBJECT_ACTOR, objects));
        }
        crafted
    }

    /// The same change with another column in place of the one with this specification, or added in order.
    pub(super) fn with_column(mut self, specification: u32, data: Vec<u8>) -> Self {
        self.columns.retain(|(other, _)| *other != specification);
        let place = self
            .columns
            .partition_point(|(other, _)| *other < specification);
        self.columns.insert(place, (specification, data));
        self
    }

    /// What the chunk holds.
    pub(super) fn contents(&self) -> Vec<u8> {
        let mut contents = unsigned(self.deps.len() as u64);
        for dep in &self.deps {
            contents.extend(dep);
        }
        contents.extend(unsigned(self.actor.len() as u64));
        contents.extend(&self.actor);
        contents.extend(unsigned(self.seq));
        contents.extend(unsigned(self.start_op));
        contents.extend(signed(self.time));
        contents.extend(unsigned(self.message.len() as u64));
        contents.extend(&self.message);
        contents.extend(unsigned(self.other_actors.len() as u64));
        for actor in &self.other_actors {
            contents.extend(unsigned(actor.len() as u64));
            contents.extend(actor);
        }
        contents.extend(unsigned(self.columns.len() as u64));
        for (specification, data) in &self.columns {
            contents.extend(unsigned(u64::from(*specification)));
            contents.extend(unsigned(data.len() as u64));
        }
        for (_, data) in &self.columns {
            contents.extend(data);
        }
        contents.extend(&self.trailing);
        contents
    }

    /// The whole chunk, of type 1.
    pub(super) fn bytes(&self) -> Vec<u8> {
        chunk(1, &self.contents())
    }
}
