//! The operations of a change, column by column. Owns step 2: what the columns stand for is bounded from their
//! metadata before anything is written out, and only then are they walked, one operation at a time.

use std::ops::Range;

use super::Unsafe;
use super::leb128::Reader;
use crate::limits::{CHANGE_KEY_BYTES_MAX, CHANGE_OPS_MAX, CHANGE_PREDECESSORS_MAX};

/// Automerge's column specifications, `id << 4 | type`, in the order in which they must stand. Marks (ids 9 and 10) are
/// absent on purpose: nothing of Fieldseal's writes them.
mod specification {
    pub(super) const OBJECT_ACTOR: u32 = 0x01;
    pub(super) const OBJECT_COUNTER: u32 = 0x02;
    pub(super) const KEY_ACTOR: u32 = 0x11;
    pub(super) const KEY_COUNTER: u32 = 0x13;
    pub(super) const KEY_STRING: u32 = 0x15;
    pub(super) const INSERT: u32 = 0x34;
    pub(super) const ACTION: u32 = 0x42;
    pub(super) const VALUE_META: u32 = 0x56;
    pub(super) const VALUE: u32 = 0x57;
    pub(super) const PREDECESSOR_GROUP: u32 = 0x70;
    pub(super) const PREDECESSOR_ACTOR: u32 = 0x71;
    pub(super) const PREDECESSOR_COUNTER: u32 = 0x73;
}

/// Where the columns lie in the bytes of the change, and what they were found to stand for.
#[derive(Debug, Clone, Default)]
pub(super) struct Operations {
    /// How many operations there are.
    pub(super) count: usize,
    /// How many actors the change names, its own among them.
    actors: u64,
    object_actor: Range<usize>,
    object_counter: Range<usize>,
    key_actor: Range<usize>,
    key_counter: Range<usize>,
    key_string: Range<usize>,
    insert: Range<usize>,
    action: Range<usize>,
    value_meta: Range<usize>,
    value: Range<usize>,
    predecessor_group: Range<usize>,
    predecessor_actor: Range<usize>,
    predecessor_counter: Range<usize>,
}

/// Reads the columns' metadata at the reader and bounds every column; `end` is where the change's bytes end.
pub(super) fn read(reader: &mut Reader<'_>, end: usize, actors: u64) -> Result<Operations, Unsafe> {
    let columns_unreadable = || Unsafe::Malformed { field: "columns" };
    let column_count = reader.unsigned().ok_or_else(columns_unreadable)?;
    let mut operations = Operations {
        actors,
        ..Operations::default()
    };
    let mut last = None;
    let mut lengths = [(0_u32, 0_usize); 12];
    if column_count > lengths.len() as u64 {
        return Err(columns_unreadable());
    }
    let lengths = &mut lengths[..column_count as usize];
    for (specification, length) in lengths.iter_mut() {
        *specification = reader
            .unsigned()
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(columns_unreadable)?;
        *length = reader
            .unsigned()
            .and_then(|number| usize::try_from(number).ok())
            .ok_or_else(columns_unreadable)?;
        // Strictly rising also means that none stands twice.
        if last >= Some(*specification) {
            return Err(Unsafe::Column {
                specification: *specification,
            });
        }
        last = Some(*specification);
    }
    let mut start = end - reader.remaining();
    let mut data = *reader;
    for &mut (specification, length) in lengths {
        let column = data.take(length as u64).ok_or_else(columns_unreadable)?;
        let slot = operations
            .slot(specification)
            .ok_or(Unsafe::Column { specification })?;
        *slot = start..start + column.len();
        start += length;
    }
    if !data.is_empty() {
        return Err(Unsafe::TrailingBytes {
            bytes: data.remaining(),
        });
    }
    Ok(operations)
}

impl Operations {
    fn slot(&mut self, specification: u32) -> Option<&mut Range<usize>> {
        Some(match specification {
            specification::OBJECT_ACTOR => &mut self.object_actor,
            specification::OBJECT_COUNTER => &mut self.object_counter,
            specification::KEY_ACTOR => &mut self.key_actor,
            specification::KEY_COUNTER => &mut self.key_counter,
            specification::KEY_STRING => &mut self.key_string,
            specification::INSERT => &mut self.insert,
            specification::ACTION => &mut self.action,
            specification::VALUE_META => &mut self.value_meta,
            specification::VALUE => &mut self.value,
            specification::PREDECESSOR_GROUP => &mut self.predecessor_group,
            specification::PREDECESSOR_ACTOR => &mut self.predecessor_actor,
            specification::PREDECESSOR_COUNTER => &mut self.predecessor_counter,
            _ => return None,
        })
    }

    /// Bounds every run and lets the columns agree on the number of operations, reading runs without writing them out.
    pub(super) fn bound(&mut self, bytes: &[u8]) -> Result<(), Unsafe> {
        let count = {
            let mut runs = Runs::new(&bytes[self.action.clone()], Kind::Unsigned, "action");
            let mut count = 0;
            while let Some(run) = runs.next_run()? {
                count += run.length;
                if count > CHANGE_OPS_MAX as u64 {
                    return Err(Unsafe::TooManyOperations);
                }
            }
            count
        };
        self.count = count as usize;

        let mut predecessors = 0_u64;
        let mut value_bytes = 0_u64;
        let mut key_bytes = 0_u64;
        total(
            bytes,
            &self.object_actor,
            Kind::Unsigned,
            "object actor",
            Filled::OrEmpty(count),
            |_| Ok(()),
        )?;
        total(
            bytes,
            &self.object_counter,
            Kind::Unsigned,
            "object counter",
            Filled::OrEmpty(count),
            |_| Ok(()),
        )?;
        total(
            bytes,
            &self.key_actor,
            Kind::Unsigned,
            "key actor",
            Filled::OrEmpty(count),
            |_| Ok(()),
        )?;
        total(
            bytes,
            &self.key_counter,
            Kind::Signed,
            "key counter",
            Filled::OrEmpty(count),
            |_| Ok(()),
        )?;
        total(
            bytes,
            &self.key_string,
            Kind::Text,
            "key string",
            Filled::OrEmpty(count),
            |run| {
                if let Item::Text(text) = run.item {
                    key_bytes =
                        key_bytes.saturating_add(run.length.saturating_mul(text.len() as u64));
                }
                if key_bytes > CHANGE_KEY_BYTES_MAX as u64 {
                    return Err(Unsafe::KeysTooLarge);
                }
                Ok(())
            },
        )?;
        total(
            bytes,
            &self.value_meta,
            Kind::Unsigned,
            "value",
            Filled::Exactly(count),
            |run| {
                if let Item::Unsigned(meta) = run.item {
                    value_bytes = value_bytes.saturating_add(run.length.saturating_mul(meta >> 4));
                }
                Ok(())
            },
        )?;
        if value_bytes != self.value.len() as u64 {
            return Err(Unsafe::RunLengthExceeds { column: "value" });
        }
        total(
            bytes,
            &self.predecessor_group,
            Kind::Unsigned,
            "predecessors",
            Filled::Exactly(count),
            |run| {
                if let Item::Unsigned(group) = run.item {
                    predecessors = predecessors.saturating_add(run.length.saturating_mul(group));
                }
                if predecessors > CHANGE_PREDECESSORS_MAX as u64 {
                    return Err(Unsafe::TooManyPredecessors);
                }
                Ok(())
            },
        )?;
        total(
            bytes,
            &self.predecessor_actor,
            Kind::Unsigned,
            "predecessor actor",
            Filled::Exactly(predecessors),
            |_| Ok(()),
        )?;
        total(
            bytes,
            &self.predecessor_counter,
            Kind::Signed,
            "predecessor counter",
            Filled::Exactly(predecessors),
            |_| Ok(()),
        )?;

        let mut insert = Flags::new(&bytes[self.insert.clone()]);
        let mut flags = 0_u64;
        while let Some(length) = insert.next_run()? {
            flags = flags.saturating_add(length);
        }
        if flags != count {
            return Err(Unsafe::RunLengthExceeds { column: "insert" });
        }
        Ok(())
    }

    /// Walks the operations one at a time, in their order.
    ///
    /// Only for columns that [`Operations::bound`] has passed: it visits as many operations as the runs stand for.
    pub(super) fn for_each<'a>(
        &self,
        bytes: &'a [u8],
        start_op: u64,
        mut visit: impl FnMut(Operation<'a, '_>) -> Result<(), Unsafe>,
    ) -> Result<(), Unsafe> {
        let column = |range: &Range<usize>| &bytes[range.clone()];
        let mut object_actor =
            Runs::new(column(&self.object_actor), Kind::Unsigned, "object actor");
        let mut object_counter = Runs::new(
            column(&self.object_counter),
            Kind::Unsigned,
            "object counter",
        );
        let mut key_actor = Runs::new(column(&self.key_actor), Kind::Unsigned, "key actor");
        let mut key_counter = Runs::new(column(&self.key_counter), Kind::Signed, "key counter");
        let mut key_string = Runs::new(column(&self.key_string), Kind::Text, "key string");
        let mut insert = Flags::new(column(&self.insert));
        let mut action = Runs::new(column(&self.action), Kind::Unsigned, "action");
        let mut value_meta = Runs::new(column(&self.value_meta), Kind::Unsigned, "value");
        let mut value = Reader::new(column(&self.value));
        let mut group = Runs::new(
            column(&self.predecessor_group),
            Kind::Unsigned,
            "predecessors",
        );
        let mut predecessor_actor = Runs::new(
            column(&self.predecessor_actor),
            Kind::Unsigned,
            "predecessor actor",
        );
        let mut predecessor_counter = Runs::new(
            column(&self.predecessor_counter),
            Kind::Signed,
            "predecessor counter",
        );
        let mut key_total = 0_i64;
        let mut predecessor_total = 0_i64;
        let mut predecessors = Vec::new();

        for index in 0..self.count {
            let invalid = |reason| Unsafe::Operation { index, reason };
            let own_counter = start_op + index as u64;
            // An operation can only refer to an earlier one, so a cycle of objects cannot be written down.
            let reference = |actor: u64, counter: i64| {
                if actor >= self.actors {
                    return Err(invalid("it names an actor that the change does not list"));
                }
                match u64::try_from(counter) {
                    Ok(counter) if counter > 0 && counter < own_counter => {
                        Ok(Reference { actor, counter })
                    }
                    _ => Err(invalid("it refers to an operation that is not before it")),
                }
            };

            let object = match (
                object_actor.next()?.number(),
                object_counter.next()?.number(),
            ) {
                (None, None) => None,
                (Some(actor), Some(counter)) => Some(reference(
                    actor,
                    i64::try_from(counter).unwrap_or(i64::MAX),
                )?),
                _ => return Err(invalid("its object is half given")),
            };

            let counter_step = key_counter.next()?.signed();
            if let Some(step) = counter_step {
                key_total = key_total
                    .checked_add(step)
                    .ok_or(invalid("its key overflows"))?;
            }
            let key = match (
                key_actor.next()?.number(),
                counter_step,
                key_string.next()?.text(),
            ) {
                (None, None, Some(text)) => Key::Property(text),
                (None, Some(_), None) if key_total == 0 => Key::Head,
                (Some(actor), Some(_), None) => Key::Element(reference(actor, key_total)?),
                _ => return Err(invalid("its key is neither a property nor an element")),
            };

            let insert = insert.next()?;
            let action = action.next()?.number();
            let meta = value_meta
                .next()?
                .number()
                .ok_or(invalid("it has no value"))?;
            let value = value
                .take(meta >> 4)
                .ok_or(Unsafe::RunLengthExceeds { column: "value" })?;
            check_value(meta & 0xf, value).map_err(invalid)?;
            let kind = match action {
                Some(0) => Action::Make(ObjectKind::Map),
                Some(1) => Action::Set,
                Some(2) => Action::Make(ObjectKind::List),
                Some(3) => Action::Delete,
                Some(4) => Action::Make(ObjectKind::Text),
                // A counter moves by a whole number.
                Some(5) if matches!(meta & 0xf, 3 | 4) => Action::Increment,
                _ => return Err(invalid("its action is not one that is written here")),
            };
            if insert && matches!(kind, Action::Delete | Action::Increment) {
                return Err(invalid("it inserts what it removes or moves"));
            }

            predecessors.clear();
            let group = group
                .next()?
                .number()
                .ok_or(invalid("it has no predecessors' count"))?;
            for _ in 0..group {
                let actor = predecessor_actor.next()?.number();
                let step = predecessor_counter.next()?.signed();
                let (Some(actor), Some(step)) = (actor, step) else {
                    return Err(invalid("a predecessor is half given"));
                };
                predecessor_total = predecessor_total
                    .checked_add(step)
                    .ok_or(invalid("a predecessor overflows"))?;
                predecessors.push(reference(actor, predecessor_total)?);
            }

            visit(Operation {
                index,
                object,
                key,
                insert,
                action: kind,
                predecessors: &predecessors,
            })?;
        }
        Ok(())
    }
}

/// How many items a column must stand for.
#[derive(Clone, Copy)]
enum Filled {
    Exactly(u64),
    /// A column of nulls only is left out.
    OrEmpty(u64),
}

fn total<'a>(
    bytes: &'a [u8],
    range: &Range<usize>,
    kind: Kind,
    column: &'static str,
    filled: Filled,
    mut each: impl FnMut(&Run<'a>) -> Result<(), Unsafe>,
) -> Result<(), Unsafe> {
    let mut runs = Runs::new(&bytes[range.clone()], kind, column);
    let mut total = 0_u64;
    while let Some(run) = runs.next_run()? {
        total = total.saturating_add(run.length);
        each(&run)?;
    }
    let fits = match filled {
        Filled::Exactly(count) => total == count,
        Filled::OrEmpty(count) => total == count || range.is_empty(),
    };
    if fits {
        Ok(())
    } else {
        Err(Unsafe::RunLengthExceeds { column })
    }
}

fn check_value(kind: u64, value: &[u8]) -> Result<(), &'static str> {
    let mut reader = Reader::new(value);
    let sound = match kind {
        0..=2 => true,
        3 => reader.unsigned().is_some(),
        4 | 8 | 9 => reader.signed().is_some(),
        5 => reader.array::<8>().is_some(),
        6 => std::str::from_utf8(value).is_ok() && reader.take(value.len() as u64).is_some(),
        7 => reader.take(value.len() as u64).is_some(),
        _ => return Err("its value is of a kind that is not written here"),
    };
    if sound && reader.is_empty() {
        Ok(())
    } else {
        Err("its value cannot be read")
    }
}

/// An operation as the change writes it: actors are places in the change's own list.
#[derive(Debug)]
pub(super) struct Operation<'a, 'p> {
    pub(super) index: usize,
    /// The object it belongs to; none is the root.
    pub(super) object: Option<Reference>,
    pub(super) key: Key<'a>,
    pub(super) insert: bool,
    pub(super) action: Action,
    pub(super) predecessors: &'p [Reference],
}

/// Another operation, by its actor's place in the change's list (0 is the author) and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) actor: u64,
    pub(super) counter: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key<'a> {
    /// A property of a map.
    Property(&'a [u8]),
    /// The beginning of a sequence.
    Head,
    /// An element of a sequence.
    Element(Reference),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObjectKind {
    Map,
    List,
    Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Make(ObjectKind),
    Set,
    Delete,
    Increment,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Unsigned,
    Signed,
    Text,
}

#[derive(Debug, Clone, Copy)]
enum Item<'a> {
    Null,
    Unsigned(u64),
    Signed(i64),
    Text(&'a [u8]),
}

impl<'a> Item<'a> {
    fn number(self) -> Option<u64> {
        if let Self::Unsigned(number) = self {
            Some(number)
        } else {
            None
        }
    }

    fn signed(self) -> Option<i64> {
        if let Self::Signed(number) = self {
            Some(number)
        } else {
            None
        }
    }

    fn text(self) -> Option<&'a [u8]> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }
}

struct Run<'a> {
    length: u64,
    item: Item<'a>,
}

/// A run-length column: `n > 0` repeats the next item, `n < 0` is followed by that many items, 0 by a number of nulls.
struct Runs<'a> {
    reader: Reader<'a>,
    kind: Kind,
    column: &'static str,
    /// Items left of a literal run.
    literals: u64,
    /// What is left of the run that [`Runs::next`] walks.
    current: Run<'a>,
}

impl<'a> Runs<'a> {
    fn new(bytes: &'a [u8], kind: Kind, column: &'static str) -> Self {
        Self {
            reader: Reader::new(bytes),
            kind,
            column,
            literals: 0,
            current: Run {
                length: 0,
                item: Item::Null,
            },
        }
    }

    fn next_run(&mut self) -> Result<Option<Run<'a>>, Unsafe> {
        let exceeds = Unsafe::RunLengthExceeds {
            column: self.column,
        };
        if self.literals == 0 {
            if self.reader.is_empty() {
                return Ok(None);
            }
            let length = self.reader.signed().ok_or(self.unreadable())?;
            match length {
                0 => {
                    let length = self.reader.unsigned().ok_or(self.unreadable())?;
                    return if length == 0 {
                        Err(exceeds)
                    } else {
                        Ok(Some(Run {
                            length,
                            item: Item::Null,
                        }))
                    };
                }
                1.. => {
                    let item = self.item()?;
                    return Ok(Some(Run {
                        length: length.unsigned_abs(),
                        item,
                    }));
                }
                // Each literal takes a byte at least, so a longer run than there are bytes is a lie.
                _ if length.unsigned_abs() > self.reader.remaining() as u64 => return Err(exceeds),
                _ => self.literals = length.unsigned_abs(),
            }
        }
        self.literals -= 1;
        Ok(Some(Run {
            length: 1,
            item: self.item()?,
        }))
    }

    fn item(&mut self) -> Result<Item<'a>, Unsafe> {
        match self.kind {
            Kind::Unsigned => self.reader.unsigned().map(Item::Unsigned),
            Kind::Signed => self.reader.signed().map(Item::Signed),
            Kind::Text => self
                .reader
                .unsigned()
                .and_then(|length| self.reader.take(length))
                .filter(|text| std::str::from_utf8(text).is_ok())
                .map(Item::Text),
        }
        .ok_or(self.unreadable())
    }

    /// The next item; null where the column has ended, as it does when it is left out.
    fn next(&mut self) -> Result<Item<'a>, Unsafe> {
        if self.current.length == 0 {
            match self.next_run()? {
                Some(run) => self.current = run,
                None => return Ok(Item::Null),
            }
        }
        self.current.length -= 1;
        Ok(self.current.item)
    }

    fn unreadable(&self) -> Unsafe {
        Unsafe::Malformed { field: self.column }
    }
}

/// A column of flags: the lengths of runs that alternate, beginning with `false`.
struct Flags<'a> {
    reader: Reader<'a>,
    first: bool,
    value: bool,
    left: u64,
}

impl<'a> Flags<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(bytes),
            first: true,
            value: true,
            left: 0,
        }
    }

    fn next_run(&mut self) -> Result<Option<u64>, Unsafe> {
        if self.reader.is_empty() {
            return Ok(None);
        }
        let length = self
            .reader
            .unsigned()
            .ok_or(Unsafe::Malformed { field: "insert" })?;
        // Only the first run may be empty: that is how a column begins with `true`.
        if length == 0 && !self.first {
            return Err(Unsafe::RunLengthExceeds { column: "insert" });
        }
        self.first = false;
        self.value = !self.value;
        Ok(Some(length))
    }

    fn next(&mut self) -> Result<bool, Unsafe> {
        while self.left == 0 {
            self.left = self
                .next_run()?
                .ok_or(Unsafe::RunLengthExceeds { column: "insert" })?;
        }
        self.left -= 1;
        Ok(self.value)
    }
}
