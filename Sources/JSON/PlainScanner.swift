/// Scans what is written as it usually is: plain strings, numbers and literals with nothing or one
/// space between them. It stops before anything else, which `JSONScanner` then takes, and so reports
/// no errors.
///
/// It calls nothing and keeps what it needs in few variables, so that they stay in registers: half the
/// instructions of a scanner that does all at once.
///
/// The reason for unsafe: see `JSONScanner`. Places are compared with `last`, after which three more
/// bytes can be read.
@safe struct PlainScanner {
    private let base: UnsafeRawPointer
    private let words: UnsafePointer<UInt64>
    private let last: Int
    private let lastTop: UnsafeMutablePointer<TapeEntry>

    private var position: Int
    private var word: UInt64
    private var block: Int
    private var top: UnsafeMutablePointer<TapeEntry>
    private var container: UnsafeMutablePointer<TapeEntry>
    /// What ends the container.
    private var closer: UInt8
    private var depthLeft: Int

    @inline(always) init(
        _ scanner: JSONScanner, _ state: JSONScanner.State,
        _ container: UnsafeMutablePointer<TapeEntry>
    ) {
        unsafe base = scanner.base
        unsafe words = UnsafePointer(scanner.words)
        last = scanner.end &- 4
        unsafe lastTop = scanner.lastTop
        closer = unsafe container.pointee.closer
        position = closer == UInt8(ascii: "}") ? state.position &+ 1 : state.position
        word = state.marks.word
        block = state.marks.block
        unsafe top = state.top
        unsafe self.container = container
        depthLeft = state.depthLeft
    }
}

// MARK: Running

extension PlainScanner {
    private enum Outcome {
        /// Before something that is not plain.
        case stopped
        /// Before the next item of the container, or before the first of one that was opened.
        case beforeItem
        case afterValue
    }

    /// Goes on from before an item as long as all is plain; gives whether it stopped after a value.
    @inline(always) mutating func run() -> Bool {
        while true {
            let outcome = closer == UInt8(ascii: "}") ? scanMember() : scanElement()
            switch outcome {
            case .stopped: return false
            case .beforeItem: continue
            case .afterValue: if !scanAfterValue() { return true }
            }
        }
    }

    /// Where it stopped.
    @inline(always) func save(in state: inout JSONScanner.State, isAfterValue: Bool) {
        // Before a member it stands after the key's quote.
        let isInKey = !isAfterValue && closer == UInt8(ascii: "}")
        state.position = isInKey ? position &- 1 : position
        state.isAfterValue = isAfterValue
        unsafe state.top = top
        unsafe state.container = container
        state.depthLeft = depthLeft
        state.marks.block = block
    }

    /// Members as long as the next one follows at once; of a container only what opens it, unless it is
    /// empty.
    @inline(always) private mutating func scanMember() -> Outcome {
        while unsafe top <= lastTop {
            var marks = JSONScanner.Marks(word: word, block: block)
            let stop = stringEnd(&marks)
            guard stop <= last else { return .stopped }
            let next = four(stop)
            unsafe top.initialize(
                to: TapeEntry(kind: .string, offset: position, length: stop &- position))
            let entry = unsafe top + 1
            var outcome = Outcome.stopped
            if next & 0xFF_FFFF == Self.keyToString || next == Self.keyToStringWithSpace {
                let start = next == Self.keyToStringWithSpace ? stop &+ 4 : stop &+ 3
                outcome = unsafe scanString(start, entry, marks)
            } else if next & 0xFFFF == Self.keyToValue {
                var place = stop &+ 2
                if next & 0xFF_0000 == Self.space {
                    place = stop &+ 3
                }
                outcome = unsafe scanOther(place, entry, marks)
            }
            guard outcome == .beforeItem, closer == UInt8(ascii: "}") else { return outcome }
        }
        return .stopped
    }

    @inline(always) private mutating func scanElement() -> Outcome {
        guard unsafe top <= lastTop else { return .stopped }
        let marks = JSONScanner.Marks(word: word, block: block)
        return byte(position) == UInt8(ascii: "\"")
            ? unsafe scanString(position &+ 1, top, marks)
            : unsafe scanOther(position, top, marks)
    }

    /// A string that begins at `start`, after its quote.
    @inline(always) private mutating func scanString(
        _ start: Int, _ entry: UnsafeMutablePointer<TapeEntry>, _ before: JSONScanner.Marks
    ) -> Outcome {
        var marks = before
        let stop = stringEnd(&marks)
        guard stop <= last, case let next = four(stop), next & 0xFF == Self.quote else {
            return .stopped
        }
        unsafe entry.initialize(
            to: TapeEntry(kind: .string, offset: start, length: stop &- start))
        unsafe top = entry + 1
        (word, block) = (marks.word, marks.block)
        if closer == UInt8(ascii: "}") {
            if next & 0xFF_FFFF == Self.stringToString {
                return beforeItem(stop &+ 3)
            }
            if next == Self.stringToStringWithSpace {
                return beforeItem(stop &+ 4)
            }
        }
        position = stop &+ 1
        return .afterValue
    }

    @inline(always) private mutating func beforeItem(_ place: Int) -> Outcome {
        unsafe container.pointee.meta &+= TapeEntry.one
        position = place
        return .beforeItem
    }

    /// Anything but a string, unless it is near the end.
    @inline(always) private mutating func scanOther(
        _ place: Int, _ entry: UnsafeMutablePointer<TapeEntry>, _ marks: JSONScanner.Marks
    ) -> Outcome {
        // The byte behind it is looked at too.
        guard place <= last else { return .stopped }
        let first = byte(place)
        if first == UInt8(ascii: "{") {
            let inside = byte(place &+ 1)
            if inside == UInt8(ascii: "\"") {
                return unsafe open(.object, place, place &+ 2, entry, marks)
            }
            guard inside == UInt8(ascii: "}"), depthLeft > 0 else { return .stopped }
            return unsafe write(.object, place, 2, entry, marks)
        }
        if first == UInt8(ascii: "[") {
            let inside = byte(place &+ 1)
            if inside == UInt8(ascii: "]"), depthLeft > 0 {
                return unsafe write(.array, place, 2, entry, marks)
            }
            guard inside > 0x20 else { return .stopped }
            return unsafe open(.array, place, place &+ 1, entry, marks)
        }
        // Letters come after digits.
        if first < UInt8(ascii: ":") { return unsafe scanNumber(place, entry, marks) }
        guard place < last else { return .stopped }
        switch four(place) {
        case 0x6C6C_756E: return unsafe write(.null, place, 4, entry, marks)
        case 0x6575_7274: return unsafe write(.bool, place, 4, flag: true, entry, marks)
        case 0x736C_6166 where byte(place &+ 4) == UInt8(ascii: "e"):
            return unsafe write(.bool, place, 5, entry, marks)
        default: return .stopped
        }
    }

    @inline(always) private mutating func write(
        _ kind: JSONKind, _ place: Int, _ length: Int, flag: Bool = false,
        _ entry: UnsafeMutablePointer<TapeEntry>, _ marks: JSONScanner.Marks
    ) -> Outcome {
        unsafe entry.initialize(
            to: TapeEntry(kind: kind, offset: place, length: length, flag: flag))
        unsafe top = entry + 1
        (word, block, position) = (marks.word, marks.block, place &+ length)
        if closer == UInt8(ascii: "}"), position <= last {
            let next = four(position)
            if next & 0xFFFF == Self.valueToKey { return beforeItem(position &+ 2) }
            if next & 0xFF_FFFF == Self.valueToKeyWithSpace { return beforeItem(position &+ 3) }
        }
        return .afterValue
    }

    @inline(always) private mutating func open(
        _ kind: JSONKind, _ place: Int, _ inside: Int, _ entry: UnsafeMutablePointer<TapeEntry>,
        _ marks: JSONScanner.Marks
    ) -> Outcome {
        guard depthLeft > 0 else { return .stopped }
        var opened = TapeEntry(kind: kind, offset: place, length: 0)
        opened.inside = unsafe entry.distance(since: container)
        unsafe entry.initialize(to: opened)
        unsafe container = entry
        unsafe top = entry + 1
        closer = kind == .object ? UInt8(ascii: "}") : UInt8(ascii: "]")
        depthLeft &-= 1
        (word, block, position) = (marks.word, marks.block, inside)
        return .beforeItem
    }

    /// The next item of the container or the one that is left open; false where it is not plain.
    @inline(always) private mutating func scanAfterValue() -> Bool {
        while position <= last {
            let mark = byte(position)
            if mark == UInt8(ascii: ",") {
                let hasSpace = byte(position &+ 1) == 0x20
                let place = hasSpace ? position &+ 2 : position &+ 1
                let first = byte(place)
                if closer == UInt8(ascii: "}") {
                    guard first == UInt8(ascii: "\"") else { return false }
                    _ = beforeItem(place &+ 1)
                } else {
                    guard first > 0x20 else { return false }
                    _ = beforeItem(place)
                }
                return true
            }
            // The outermost one is left to whoever sees to its end.
            guard mark == closer, unsafe container.pointee.inside != 0 else { return false }
            position &+= 1
            depthLeft &+= 1
            unsafe container.pointee.meta &+= TapeEntry.one
            unsafe container = container.close(before: position, top: top)
            closer = unsafe container.pointee.closer
        }
        return false
    }

    // MARK: Bytes

    @inline(always) private func byte(_ place: Int) -> UInt8 {
        unsafe base.load(fromByteOffset: place, as: UInt8.self)
    }

    @inline(always) private func four(_ place: Int) -> UInt32 {
        unsafe UInt32(littleEndian: base.loadUnaligned(fromByteOffset: place, as: UInt32.self))
    }

    // Up to four bytes, the first one lowest.

    /// `":`
    private static var keyToValue: UInt32 { 0x3A22 }
    /// `":"`
    private static var keyToString: UInt32 { 0x22_3A22 }
    /// `": "`
    private static var keyToStringWithSpace: UInt32 { 0x2220_3A22 }
    /// `","`
    private static var stringToString: UInt32 { 0x22_2C22 }
    /// `", "`
    private static var stringToStringWithSpace: UInt32 { 0x2220_2C22 }
    /// `,"`
    private static var valueToKey: UInt32 { 0x222C }
    /// `, "`
    private static var valueToKeyWithSpace: UInt32 { 0x22_202C }
    private static var quote: UInt32 { 0x22 }
    /// A space as the third byte.
    private static var space: UInt32 { 0x20_0000 }

    /// The special byte after the next one, which is an opening quote; both are passed. Beyond `last`
    /// for a string that is too long or goes on in the next window.
    @inline(always) private func stringEnd(_ marks: inout JSONScanner.Marks) -> Int {
        var rest = marks.word & (marks.word &- 1)
        if rest == 0 {
            if marks.word == 0 {
                guard refill(&marks) else { return .max }
                rest = marks.word & (marks.word &- 1)
            }
            if rest == 0 {
                guard refill(&marks) || refill(&marks) else { return .max }
                rest = marks.word
            }
        }
        let stop = marks.block &+ rest.trailingZeroBitCount
        marks.word = rest & (rest &- 1)
        return stop
    }

    /// Goes on to the next block; false when it has no marks or is in the next window.
    @inline(always) private func refill(_ marks: inout JSONScanner.Marks) -> Bool {
        let next = marks.block &+ 64
        guard next & (JSONScanner.window - 1) != 0 else { return false }
        marks.block = next
        marks.word = unsafe words[(next & (JSONScanner.window - 1)) >> 6]
        return marks.word != 0
    }

    /// A number without exponent whose parts have less than sixteen digits.
    @inline(always) private mutating func scanNumber(
        _ start: Int, _ entry: UnsafeMutablePointer<TapeEntry>, _ marks: JSONScanner.Marks
    ) -> Outcome {
        // A sign, fifteen digits, a point, and sixteen bytes that are looked at.
        guard start <= last &- 32 else { return .stopped }
        var place = byte(start) == UInt8(ascii: "-") ? start &+ 1 : start
        let digits = unsafe PlainRun.digits(base + place)
        guard digits > 0, digits < 16, digits == 1 || byte(place) != UInt8(ascii: "0") else {
            return .stopped
        }
        place &+= digits
        if byte(place) == UInt8(ascii: ".") {
            let decimals = unsafe PlainRun.digits(base + place + 1)
            guard decimals > 0, decimals < 16 else { return .stopped }
            place &+= decimals &+ 1
        }
        if byte(place) | 0x20 == UInt8(ascii: "e") { return .stopped }
        return unsafe write(.number, start, place &- start, entry, marks)
    }
}

extension JSONScanner {
    /// Takes what is plain from before an item on.
    @inline(never) func scanPlain(_ state: inout State) {
        guard let container = unsafe state.container, state.position < end,
            !state.isObject || byte(state.position) == UInt8(ascii: "\"")
        else { return }
        var plain = unsafe PlainScanner(self, state, container)
        let isAfterValue = plain.run()
        plain.save(in: &state, isAfterValue: isAfterValue)
        state.marks = marks(from: state.position, after: state.marks)
    }
}
