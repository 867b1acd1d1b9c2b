/// The keys inside the deduplication window of a file queue: 12 bytes a key.
///
/// It maps a 64-bit fingerprint of a key to the number of the event that carried it last. A
/// fingerprint only tells where to look: the queue compares the key itself, in the segment, before
/// it calls an event a duplicate. Fingerprints are seeded per process, so that nobody can prepare
/// colliding identifiers.
struct DeduplicationTable {
    /// 0 marks a free slot.
    private var fingerprints: [UInt64] = []
    /// Relative to `base`.
    private var numbers: [UInt32] = []
    private var base: UInt64 = 0
    private(set) var count = 0

    /// The fingerprint of a range of bytes; never 0.
    static func fingerprint(_ bytes: [UInt8], _ range: Range<Int>) -> UInt64 {
        var hasher = Hasher()
        unsafe bytes[range].withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        let hash = UInt64(truncatingIfNeeded: hasher.finalize())
        return hash == 0 ? 1 : hash
    }

    /// The number of the event that last carried the key.
    subscript(fingerprint: UInt64) -> UInt64? {
        guard let slot = slot(of: fingerprint), fingerprints[slot] != 0 else { return nil }
        return base + UInt64(numbers[slot])
    }

    /// Remembers a key; with `countMax` remembered already, those of the oldest events are forgotten.
    mutating func insert(_ fingerprint: UInt64, _ sequence: UInt64, countMax: Int) {
        if count == 0 {
            self = DeduplicationTable()
            base = sequence
        }
        if count >= countMax { forgetOldest() }
        // Four thousand million events after the first one remembered.
        if sequence < base || sequence - base > UInt64(UInt32.max) { move(base: sequence) }
        if fingerprints.isEmpty || count + 1 > fingerprints.count / 8 * 7 { grow() }
        guard let slot = slot(of: fingerprint) else { return }
        if fingerprints[slot] == 0 {
            fingerprints[slot] = fingerprint
            count += 1
        }
        numbers[slot] = UInt32(truncatingIfNeeded: sequence - base)
    }

    /// Forgets the keys of events below this number.
    mutating func forget(below sequence: UInt64) {
        rebuild(base: max(base, sequence), slots: fingerprints.count) { $0 >= sequence }
    }

    /// Linear probing: the fingerprint's slot, or the free one where it belongs.
    private func slot(of fingerprint: UInt64) -> Int? {
        guard !fingerprints.isEmpty else { return nil }
        let mask = fingerprints.count - 1
        var slot = Int(truncatingIfNeeded: fingerprint) & mask
        while fingerprints[slot] != 0, fingerprints[slot] != fingerprint {
            slot = (slot + 1) & mask
        }
        return slot
    }

    private mutating func grow() {
        rebuild(base: base, slots: max(fingerprints.count * 2, 64)) { _ in true }
    }

    private mutating func move(base newBase: UInt64) {
        rebuild(base: newBase, slots: fingerprints.count) {
            $0 >= newBase && $0 - newBase <= UInt64(UInt32.max)
        }
    }

    /// Forgets the older half of the numbers.
    private mutating func forgetOldest() {
        var newest: UInt32 = 0
        var oldest = UInt32.max
        for (slot, fingerprint) in fingerprints.enumerated() where fingerprint != 0 {
            newest = max(newest, numbers[slot])
            oldest = min(oldest, numbers[slot])
        }
        forget(below: base + UInt64(oldest) + UInt64(newest - min(oldest, newest)) / 2 + 1)
    }

    private mutating func rebuild(base newBase: UInt64, slots: Int, keep: (UInt64) -> Bool) {
        let old = self
        base = newBase
        count = 0
        fingerprints = [UInt64](repeating: 0, count: slots)
        numbers = [UInt32](repeating: 0, count: slots)
        for (slot, fingerprint) in old.fingerprints.enumerated() where fingerprint != 0 {
            let sequence = old.base + UInt64(old.numbers[slot])
            guard keep(sequence), let free = self.slot(of: fingerprint) else { continue }
            fingerprints[free] = fingerprint
            numbers[free] = UInt32(truncatingIfNeeded: sequence - newBase)
            count += 1
        }
    }
}
