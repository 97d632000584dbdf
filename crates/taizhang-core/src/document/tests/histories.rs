//! Random histories, in random orders, against a model.
use super::*;

/// SplitMix64: enough for tests, and the same everywhere.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn pick<'t, T>(&mut self, of: &'t [T]) -> Option<&'t T> {
        if of.is_empty() { None } else { Some(&of[self.below(of.len())]) }
    }

    fn shuffle<T>(&mut self, of: &mut [T]) {
        (1..of.len()).for_each(|n| of.swap(n, self.below(n + 1)));
    }
}

/// What a history should show, worked out without Automerge.
#[derive(Default)]
struct Model {
    entries: Vec<SignedEntry>,
    rows: usize,
    /// (key, entry, value), and whether a later write replaces it.
    writes: Vec<(String, EntryId, Value, bool)>,
    forks: usize,
    links: usize,
}

impl Model {
    fn random(rng: &mut Rng) -> Self {
        let mut model = Self::default();
        let (authors, entries) = (3 + rng.below(2), 20 + rng.below(60));
        while model.entries.len() < entries {
            let author = rng.below(authors) as u8 + 1;
            model.step(rng, author);
        }
        model
    }

    fn step(&mut self, rng: &mut Rng, author: u8) {
        let own: Vec<_> = self.entries.iter().filter(|e| e.header.log.key.0[0] == author).cloned().collect();
        let (payload, n) = self.payload(rng);
        let entry = match (rng.below(10), rng.pick(&own), own.last()) {
            // goes on in the log it wrote last
            (0..6, _, Some(last)) => next(last, payload),
            // forks: beside or after any entry, tip or not
            (6 | 7, Some(any), _) if any.header.sequence == 1 => {
                entry(author, any.header.log.run.0[0], 1, any.header.before.parent(), payload)
            }
            (6..8, Some(any), _) => next(any, payload),
            // a new run, linked to any entry or to none
            (choice, any, _) => {
                let link = any.filter(|_| choice == 8).map(|e| e.id);
                self.links += usize::from(link.is_some());
                entry(author, 1 + self.entries.len() as u8, 1, link, payload)
            }
        };
        self.forks += usize::from(self.entries.iter().any(|e| index::Place::of(e) == index::Place::of(&entry)));
        self.learn(&entry, n);
        self.entries.push(entry);
    }

    fn payload(&self, rng: &mut Rng) -> (PayloadBuilder, u64) {
        let (mut payload, n) = (PayloadBuilder::default(), rng.next());
        for index in 0..=rng.below(3) {
            if rng.below(2) == 0 {
                payload.row(40, &self.row_replaces(rng), &fields(n + index as u64));
            } else {
                let key = format!("k{}.{}", rng.below(2), index);
                let writers: Vec<_> = self.writes.iter().filter(|w| w.0 == key).map(|w| w.1).collect();
                let replaces: Vec<_> = (0..rng.below(4)).filter_map(|_| rng.pick(&writers).copied()).collect();
                payload.register(&key, &scalar(&Value::Int(n.into())), &replaces);
            }
        }
        (payload, n)
    }

    fn row_replaces(&self, rng: &mut Rng) -> Vec<RowRef> {
        let other = DocId::of_year(OrgId([4; 8]), Kind::Ledger, 2024);
        let known = rng.pick(&self.entries).map(|e| RowName { entry: e.id, index: 0 });
        match (rng.below(6), known) {
            (0, Some(name)) => vec![name.here()],
            (1, Some(name)) => vec![name.in_document(ledger()), RowRef::own(0)],
            (2, _) => vec![RowName { entry: EntryId([8; 32]), index: 1 }.in_document(other)],
            _ => Vec::new(),
        }
    }

    fn learn(&mut self, entry: &SignedEntry, n: u64) {
        for op in crate::op::parse(&entry.payload).unwrap() {
            match op {
                crate::op::Op::Row(_) => self.rows += 1,
                crate::op::Op::Register(register) => {
                    let replaced =
                        |w: &&mut (String, EntryId, Value, bool)| w.0 == register.key && register.replaces.contains(&w.1);
                    self.writes.iter_mut().filter(replaced).for_each(|w| w.3 = true);
                    self.writes.push((register.key.to_owned(), entry.id, Value::Int(n.into()), false));
                }
            }
        }
    }

    fn registers(&self) -> BTreeMap<String, Vec<(EntryId, Value)>> {
        let mut out: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (key, entry, value, _) in self.writes.iter().filter(|w| !w.3) {
            out.entry(key.clone()).or_default().push((*entry, value.clone()));
        }
        out.values_mut().for_each(|v| v.sort());
        out
    }
}

fn next(previous: &SignedEntry, payload: PayloadBuilder) -> SignedEntry {
    let log = previous.header.log;
    entry(log.key.0[0], log.run.0[0], previous.header.sequence + 1, Some(previous.id), payload)
}

/// A random order in which each entry comes after those that it rests on.
fn causal_order(rng: &mut Rng, entries: &[SignedEntry]) -> Vec<SignedEntry> {
    let mut left = entries.to_vec();
    let mut out: Vec<SignedEntry> = Vec::new();
    while !left.is_empty() {
        rng.shuffle(&mut left);
        let here: BTreeMap<_, _> = out.iter().map(|e| (e.id, ())).collect();
        let rests = |e: &SignedEntry| {
            let ops = crate::op::parse(&e.payload).unwrap();
            let named = ops.iter().flat_map(|op| match op {
                crate::op::Op::Row(r) => r
                    .replaces
                    .iter()
                    .filter(|r| r.document != Some(DocId::of_year(OrgId([4; 8]), Kind::Ledger, 2024)))
                    .filter_map(|r| r.entry)
                    .collect(),
                crate::op::Op::Register(r) => r.replaces.clone(),
            });
            named.chain(e.header.before.parent()).all(|id| here.contains_key(&id))
        };
        let at = left.iter().position(rests).unwrap();
        out.push(left.swap_remove(at));
    }
    out
}

/// Applies a causal order in batches of random size, shuffled within; some steps go through a snapshot, some bring duplicates.
fn arrive(rng: &mut Rng, entries: &[SignedEntry]) -> Document {
    let order = causal_order(rng, entries);
    let mut document = Document::empty(ledger()).unwrap();
    let mut done = 0;
    while done < order.len() {
        let size = (1 + rng.below(12)).min(order.len() - done);
        let mut batch = order[done..done + size].to_vec();
        batch.extend(rng.pick(&order[..done]).cloned());
        rng.shuffle(&mut batch);
        document = add(document, &order[..done], &batch);
        done += size;
        assert_eq!(document.len(), done);
    }
    document
}

#[test]
fn any_order_gives_the_same_document() {
    let (mut forks, mut links, mut conflicts) = (0, 0, 0);
    for seed in 0..60 {
        let mut rng = Rng(seed);
        let model = Model::random(&mut rng);
        let document = Document::build(ledger(), &model.entries).unwrap();
        let seen = see(&document);
        assert_eq!(seen.rows.len(), model.rows, "seed {seed}");
        assert_eq!(seen.registers, model.registers(), "seed {seed}");
        reload(&document);
        for _ in 0..3 {
            assert_eq!(see(&arrive(&mut rng, &model.entries)), seen, "seed {seed}");
        }
        forks += model.forks;
        links += model.links;
        conflicts += seen.registers.values().filter(|v| v.len() > 1).count();
    }
    assert!(forks > 200 && links > 100 && conflicts > 100, "{forks} forks, {links} links, {conflicts} conflicts");
}

/// `logs` logs of one clerk, of 20 entries with one row each, each linked to the last.
fn year_of_a_school(logs: u64) -> Vec<SignedEntry> {
    let (mut entries, mut rng): (Vec<SignedEntry>, _) = (Vec::new(), Rng(1));
    for log in 0..logs {
        for sequence in 1..=20 {
            let mut w = Writer::default();
            w.array(3).uint(rng.next() >> 40).bytes(&rng.next().to_be_bytes()).text("参加县级集中培训, 记 6 学时");
            let mut ops = PayloadBuilder::default();
            ops.row(40, &[], &w.finish());
            let before = match entries.last().map(|e| e.id) {
                Some(previous) if sequence > 1 => Before::Previous(previous),
                link => Before::Start { grant: None, link },
            };
            let log = LogId { document: ledger(), key: PublicKey([1; 32]), run: Run(log.to_be_bytes()) };
            let header = Header { log, sequence, before, time: Ms(5) };
            entries.push(SignedEntry::from_parts(header, ops.finish(), [0; 64], &NETWORK));
        }
    }
    entries
}

#[test]
fn a_year_of_a_school_is_small() {
    let document = Document::build(ledger(), &year_of_a_school(300)).unwrap();
    let saved = document.save();
    assert!(saved.len() < 6_000 * 100, "{} bytes", saved.len());
    assert_eq!(see(&Document::load(ledger(), &saved).unwrap()), see(&document));
}

#[test]
fn more_entries_than_one_batch() {
    let entries = year_of_a_school(BATCH_CHANGES as u64 / 20 + 2);
    assert!(entries.len() > BATCH_CHANGES);
    let document = Document::build(ledger(), &entries).unwrap();
    let (first, rest) = entries.split_at(700);
    let halves = Document::build(ledger(), first).unwrap().apply(rest).unwrap();
    assert_eq!(see(&halves), see(&document));
    assert_eq!((document.len(), document.rows().count()), (entries.len(), entries.len()));
}
