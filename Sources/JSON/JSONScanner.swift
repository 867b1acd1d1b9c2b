/// Checks a text against RFC 8259 and lays out its tape, in one pass without recursion.
///
/// The text is read in blocks of 64 bytes, each first turned into a bit for every byte that may not
/// stand in a plain string: quotes above all. Where strings begin and end then follows from bit to bit
/// without looking at what is in between, so that the processor need not wait for the end of one
/// string before it works on the next (Langdale and Lemire, "Parsing Gigabytes of JSON per Second",
/// 2019, which this borrows that much from).
///
/// `PlainScanner` takes what is written as it usually is, `step` whatever that stops before.
///
/// The scanner reads through an unsafe pointer, because a bounds check a byte would more than double
/// its time; every read below is guarded by a comparison with `end`.
@safe struct JSONScanner {
    enum Failure: Error {
        case invalid(code: JSONError.Code, offset: Int)
        /// The text holds more values than the tape has room for.
        case tapeIsFull

        init(code: JSONError.Code, offset: Int) { self = .invalid(code: code, offset: offset) }
    }

    /// The bytes of a block that are special and not yet passed.
    struct Marks {
        var word: UInt64
        /// Where the block begins.
        var block: Int
    }

    /// How far the scanner is.
    @safe struct State {
        /// At a value, at what should be a key, or after a value.
        var position: Int
        var isAfterValue = false
        /// What is special from `position` on.
        var marks: Marks
        /// Where the next entry goes.
        var top: UnsafeMutablePointer<TapeEntry>
        /// The innermost open container; while it is open its `inside` holds how many entries before it
        /// the one around it is, 0 for none.
        var container: UnsafeMutablePointer<TapeEntry>?
        /// How many more containers may be opened.
        var depthLeft: Int

        @inline(always) var isObject: Bool {
            guard let container = unsafe container else { return false }
            return unsafe container.pointee.isObject
        }
    }

    /// Bytes whose marks are found at once.
    static let window = 4096

    let base: UnsafeRawPointer
    let end: Int
    private let depthMax: Int
    private let tape: UnsafeMutablePointer<TapeEntry>
    /// The last place of an item's first entry, so that there is room for a key and a value.
    let lastTop: UnsafeMutablePointer<TapeEntry>
    /// The marks of the window at hand.
    let words: UnsafeMutablePointer<UInt64>

    /// Words that a window takes.
    static let wordCount = window / 64

    /// The pointers are used only during `scan`, inside the caller's `withUnsafeBytes` and before the
    /// tape's memory is taken over.
    init(
        _ buffer: UnsafeRawBufferPointer, tape: UnsafeMutableBufferPointer<TapeEntry>,
        words: UnsafeMutableBufferPointer<UInt64>, depthMax: Int
    ) throws(Failure) {
        guard let start = buffer.baseAddress else { throw Failure(code: .emptyInput, offset: 0) }
        guard let entries = tape.baseAddress, let words = words.baseAddress, tape.count >= 2 else {
            throw .tapeIsFull
        }
        unsafe self.words = words
        unsafe base = start
        end = buffer.count
        unsafe self.tape = entries
        unsafe lastTop = entries + (tape.count - 2)
        self.depthMax = depthMax
    }

    /// The byte at `index`, which the caller has compared with `end`.
    @inline(always) func byte(_ index: Int) -> UInt8 {
        unsafe base.load(fromByteOffset: index, as: UInt8.self)
    }

    /// The four bytes at `index` as a number, the first one lowest.
    @inline(always) func four(_ index: Int) -> UInt32 {
        unsafe UInt32(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt32.self))
    }

    /// How many entries were written.
    ///
    /// - Parameter takesPlain: false to take nothing the short way, for tests that compare the two.
    func scan(takesPlain: Bool = true) throws(Failure) -> Int {
        let position = try start()
        var state = unsafe State(
            position: position, marks: marks(from: position, after: Marks(word: 0, block: -1)),
            top: tape, depthLeft: depthMax)
        try scanItem(&state)
        while unsafe state.container != nil {
            if takesPlain, !state.isAfterValue { scanPlain(&state) }
            try step(&state)
        }
        try checkRest(state.position)
        return unsafe state.top - tape
    }

    /// Where the value begins.
    private func start() throws(Failure) -> Int {
        if end >= 3, byte(0) == 0xEF, byte(1) == 0xBB, byte(2) == 0xBF {
            // RFC 8259 §8.1: a sender must not add one; refusing it keeps the signed bytes unambiguous.
            throw Failure(code: .byteOrderMark, offset: 0)
        }
        let position = afterSpace(0)
        guard position < end else { throw Failure(code: .emptyInput, offset: position) }
        return position
    }

    /// Nothing but space may stand behind the value.
    private func checkRest(_ position: Int) throws(Failure) {
        let rest = afterSpace(position)
        if rest < end { throw Failure(code: .trailingContent, offset: rest) }
    }

    // MARK: One step

    private func step(_ state: inout State) throws(Failure) {
        if state.isAfterValue { try scanAfterValue(&state) } else { try scanItem(&state) }
    }

    /// A member, an element, or the whole value; of a container only what opens it, unless it is empty.
    private func scanItem(_ state: inout State) throws(Failure) {
        guard unsafe state.top <= lastTop else { throw .tapeIsFull }
        if state.isObject {
            guard state.position < end, byte(state.position) == UInt8(ascii: "\"") else {
                throw unexpected(state.position)
            }
            try scanString(&state)
            let colon = afterSpace(state.position, &state.marks)
            guard colon < end, byte(colon) == UInt8(ascii: ":") else { throw unexpected(colon) }
            state.position = afterSpace(colon &+ 1, &state.marks)
        }
        guard state.position < end else { throw unexpected(state.position) }
        let first = byte(state.position)
        if first | 0x20 == UInt8(ascii: "{") { return try scanOpening(&state, first) }
        if first == UInt8(ascii: "\"") {
            try scanString(&state)
        } else if first &- UInt8(ascii: "0") < 10 || first == UInt8(ascii: "-") {
            let start = state.position
            state.position = try numberEnd(start)
            state.write(.number, start, state.position &- start)
        } else {
            try scanLiteral(&state)
        }
        state.isAfterValue = true
    }

    private func scanOpening(_ state: inout State, _ first: UInt8) throws(Failure) {
        let start = state.position
        guard state.depthLeft > 0 else { throw Failure(code: .tooDeep, offset: start) }
        let inside = afterSpace(start &+ 1, &state.marks)
        guard inside < end else { throw unexpected(inside) }
        let opened = unsafe state.top
        state.write(
            first == UInt8(ascii: "{") ? .object : .array, start, inside &+ 1 &- start)
        if byte(inside) == first &+ 2 {
            state.position = inside &+ 1
            state.isAfterValue = true
            return
        }
        let outer = unsafe state.container ?? opened
        unsafe opened.pointee.inside = opened.distance(since: outer)
        unsafe state.container = opened
        state.depthLeft &-= 1
        state.position = inside
        state.isAfterValue = false
    }

    /// What follows a value: the next one of the container, or the container's end.
    private func scanAfterValue(_ state: inout State) throws(Failure) {
        guard let container = unsafe state.container else { return }
        unsafe container.pointee.meta &+= TapeEntry.one
        let place = afterSpace(state.position, &state.marks)
        guard place < end else { throw unexpected(place) }
        let mark = byte(place)
        if mark == UInt8(ascii: ",") {
            state.position = afterSpace(place &+ 1, &state.marks)
            state.isAfterValue = false
            return
        }
        guard mark == (state.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
            throw unexpected(place)
        }
        state.position = place &+ 1
        state.depthLeft &+= 1
        let outer = unsafe container.close(before: state.position, top: state.top)
        unsafe state.container = outer == container ? nil : outer
    }

    /// What is wrong with the byte at `position`, or with its absence.
    @inline(never) func unexpected(_ position: Int) -> Failure {
        Failure(code: position < end ? .unexpectedCharacter : .unexpectedEnd, offset: position)
    }

    // MARK: Space

    /// Where the next byte is that is no space, `end` at most.
    private func afterSpace(_ position: Int) -> Int {
        var place = position
        while place < end {
            let character = byte(place)
            guard character == 0x20 || character == 0x0A || character == 0x0D || character == 0x09
            else { break }
            place &+= 1
        }
        return place
    }

    /// The same; passes what is special among the spaces.
    private func afterSpace(_ position: Int, _ marks: inout Marks) -> Int {
        if position < end, byte(position) > 0x20 { return position }
        let place = afterSpace(position)
        marks = self.marks(from: place, after: marks)
        return place
    }
}

extension JSONScanner.State {
    /// Writes an entry, for which there is room.
    ///
    /// The reason for unsafe: see `JSONScanner`; whoever writes has compared `top` with `lastTop`.
    @inline(always) mutating func write(
        _ kind: JSONKind, _ offset: Int, _ length: Int, flag: Bool = false
    ) {
        unsafe top.initialize(
            to: TapeEntry(kind: kind, offset: offset, length: length, flag: flag))
        unsafe top += 1
    }
}

extension UnsafeMutablePointer<TapeEntry> {
    /// How many entries `other` is before this one.
    @inline(always) func distance(since other: Self) -> UInt32 {
        let bytes = UInt(bitPattern: self) &- UInt(bitPattern: other)
        return UInt32(truncatingIfNeeded: bytes / UInt(MemoryLayout<TapeEntry>.stride))
    }

    /// Closes a container, which ends before `position`; gives the one around it, itself when it is the
    /// outermost.
    @inline(always) func close(before position: Int, top: Self) -> Self {
        let outer = unsafe Int(pointee.inside)
        unsafe pointee.length = UInt32(truncatingIfNeeded: position) &- pointee.offset
        unsafe pointee.inside = top.distance(since: self) &- 1
        return unsafe self - outer
    }
}
