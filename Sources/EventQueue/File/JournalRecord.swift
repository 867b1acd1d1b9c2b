/// The head of a record of the journal; the lines of one commit follow it, byte for byte.
///
/// ```
///  0  newline, "PSTNR", 0, 1      8  number              16  horizon
/// 24  number in the segment's name   32  offset in it    40  number of the last event
/// 48  bytes of lines              56  zeros              60  CRC-32C of the 60 bytes before
/// ```
///
/// Numbers are little-endian. No line holds a newline or a zero, so that nothing that was received
/// can pass for a head. The lines need no checksum here: each has its own.
struct JournalRecord: Sendable, Equatable {
    /// Rises by one with every record, across restarts.
    var number: UInt64
    /// Records below this number are durable in their segments.
    var horizon: UInt64
    /// The segment: the number in its name.
    var segment: UInt64
    /// Where in the segment the lines lie.
    var offset: Int
    /// The number of the last event of the lines.
    var last: UInt64
    /// How long the lines are.
    var count: Int

    static let headBytes = 64
    /// Records begin at multiples of this.
    static let blockBytes = 4096
    private static let magic: [UInt8] = [10, 80, 83, 84, 78, 82, 0, 1]

    /// What a record with so many bytes of lines takes.
    static func room(_ count: Int) -> Int {
        (headBytes + count + blockBytes - 1) / blockBytes * blockBytes
    }

    /// Writes the head to the bytes from `start` on.
    func encode(to bytes: inout [UInt8], at start: Int) {
        bytes.replaceSubrange(start..<start + 8, with: Self.magic)
        LittleEndian.put(number, to: &bytes, at: start + 8)
        LittleEndian.put(horizon, to: &bytes, at: start + 16)
        LittleEndian.put(segment, to: &bytes, at: start + 24)
        LittleEndian.put(UInt64(offset), to: &bytes, at: start + 32)
        LittleEndian.put(last, to: &bytes, at: start + 40)
        LittleEndian.put(UInt64(count), to: &bytes, at: start + 48)
        LittleEndian.put(UInt64(0), to: &bytes, at: start + 56)
        let crc = CRC32C.checksum(bytes, start..<start + 60)
        LittleEndian.put(UInt64(crc) << 32, to: &bytes, at: start + 56)
    }

    init(
        number: UInt64, horizon: UInt64, segment: UInt64, offset: Int, last: UInt64, count: Int
    ) {
        self.number = number
        self.horizon = horizon
        self.segment = segment
        self.offset = offset
        self.last = last
        self.count = count
    }

    /// Reads a head; nil when there is none.
    init?(_ bytes: [UInt8], at start: Int) {
        guard start + Self.headBytes <= bytes.count,
            bytes[start..<start + 8].elementsEqual(Self.magic)
        else { return nil }
        let crc = CRC32C.checksum(bytes, start..<start + 60)
        guard LittleEndian.get(bytes, at: start + 56) == UInt64(crc) << 32,
            let offset = Int(exactly: LittleEndian.get(bytes, at: start + 32)),
            let count = Int(exactly: LittleEndian.get(bytes, at: start + 48)),
            count > 0, count < 1 << 40, offset < 1 << 50
        else { return nil }
        self.init(
            number: LittleEndian.get(bytes, at: start + 8),
            horizon: LittleEndian.get(bytes, at: start + 16),
            segment: LittleEndian.get(bytes, at: start + 24), offset: offset,
            last: LittleEndian.get(bytes, at: start + 40), count: count)
    }

    /// Whether these are intact lines with rising numbers and nothing else, and end with the event
    /// that the head names: a torn record holds lines of an earlier one, with lower numbers.
    func holds(_ lines: [UInt8]) -> Bool {
        guard lines.count == count else { return false }
        var start = 0
        var last: UInt64 = 0
        while start < lines.count {
            guard let newline = EventLine.newline(in: lines, from: start),
                let header = EventLine.header(lines, start..<newline), header.sequence > last
            else { return false }
            last = header.sequence
            start = newline + 1
        }
        return last == self.last
    }
}

/// The journal's first block.
struct JournalFront: Sendable, Equatable {
    /// The bytes of the records behind it.
    var areaBytes: Int
    /// Records below this number are durable in their segments.
    var horizon: UInt64

    /// For whoever looks into the file.
    private static let title = Array("Postern journal of a queue, version 1\n".utf8)
    private static let numbersStart = 64

    /// The block.
    var block: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: JournalRecord.blockBytes)
        bytes.replaceSubrange(0..<Self.title.count, with: Self.title)
        LittleEndian.put(UInt64(areaBytes), to: &bytes, at: Self.numbersStart)
        LittleEndian.put(horizon, to: &bytes, at: Self.numbersStart + 8)
        let crc = CRC32C.checksum(bytes, 0..<Self.numbersStart + 16)
        LittleEndian.put(UInt64(crc), to: &bytes, at: Self.numbersStart + 16)
        return bytes
    }

    init(areaBytes: Int, horizon: UInt64) {
        self.areaBytes = areaBytes
        self.horizon = horizon
    }

    /// Reads the block; nil when it is damaged or of another version.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == JournalRecord.blockBytes, bytes.starts(with: Self.title),
            let area = Int(exactly: LittleEndian.get(bytes, at: Self.numbersStart))
        else { return nil }
        self.init(
            areaBytes: area, horizon: LittleEndian.get(bytes, at: Self.numbersStart + 8))
        guard block == bytes else { return nil }
    }
}

/// Numbers of eight bytes, the lowest first.
enum LittleEndian {
    static func put(_ number: UInt64, to bytes: inout [UInt8], at start: Int) {
        for index in 0..<8 {
            bytes[start + index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index))
        }
    }

    static func get(_ bytes: [UInt8], at start: Int) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
    }
}
