/// The special bytes of a text, found 64 at a time.
extension JSONScanner {
    /// The place of the next special byte, which is passed; `end` when there is none.
    @inline(__always) func next(_ marks: inout Marks) -> Int {
        refill(&marks)
        let place = marks.block &+ marks.word.trailingZeroBitCount
        marks.word &= marks.word &- 1
        return place
    }

    /// Passes the next special byte.
    @inline(__always) func pass(_ marks: inout Marks) {
        refill(&marks)
        marks.word &= marks.word &- 1
    }

    /// Goes on to the next block that has any marks left.
    @inline(__always) func refill(_ marks: inout Marks) {
        while marks.word == 0 {
            marks.block &+= 64
            if marks.block & (Self.window - 1) == 0 { fill(marks.block) }
            marks.word = unsafe words[(marks.block & (Self.window - 1)) >> 6]
        }
    }

    /// Finds the marks of a window.
    @inline(never) func fill(_ window: Int) {
        var block = window
        let last = min(end &- 64, window &+ Self.window &- 64)
        while block <= last {
            unsafe words[(block & (Self.window - 1)) >> 6] = PlainRun.specials(base + block)
            block &+= 64
        }
        if block < window &+ Self.window {
            unsafe words[(block & (Self.window - 1)) >> 6] = lastWord(block)
        }
    }

    /// The marks from `place` on, when those of `marks` were the last.
    @inline(never) func marks(from place: Int, after marks: Marks) -> Marks {
        let block = place & ~63
        if block & ~(Self.window - 1) != marks.block & ~(Self.window - 1) {
            fill(block & ~(Self.window - 1))
        }
        let word = unsafe words[(block & (Self.window - 1)) >> 6]
        return Marks(word: word & ~0 << UInt64(place & 63), block: block)
    }

    /// The marks of what is no whole block any more, and one at the end of the text.
    func lastWord(_ block: Int) -> UInt64 {
        let rest = end &- block
        guard rest > 0 else { return 1 }
        var word = UInt64(1) << UInt64(rest)
        if end >= 64 {
            // What comes before is shifted out.
            word |= unsafe PlainRun.specials(base + end - 64) >> UInt64(64 &- rest)
        } else {
            for place in 0..<rest where PlainRun.isSpecial(byte(block &+ place)) {
                word |= 1 << UInt64(place)
            }
        }
        return word
    }
}
