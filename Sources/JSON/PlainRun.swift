#if arch(x86_64)
    // The compiler's own functions for single instructions of SSE2, which every x86-64 has.
    private import _Builtin_intrinsics.intel.sse2
#endif

/// Finds where a run of plain ASCII ends: the next quote, backslash, control character, or byte above
/// 0x7F.
enum PlainRun {
    /// The place of that byte from `place` on, or `end`.
    ///
    /// The reason for unsafe: sixteen or eight bytes are read at once, always before `end`.
    @inline(__always) static func end(
        _ base: UnsafeRawPointer, from place: Int, to end: Int
    ) -> Int {
        var place = place
        #if arch(x86_64)
            while end - place >= 16 {
                let special = unsafe specialBytes(base + place)
                if special != 0 { return place + special.trailingZeroBitCount }
                place += 16
            }
        #endif
        while end - place >= 8 {
            let word = unsafe base.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            let special = specialBytes(UInt64(littleEndian: word))
            if special != 0 { return place + (special.trailingZeroBitCount >> 3) }
            place += 8
        }
        while place < end {
            let byte = unsafe base.load(fromByteOffset: place, as: UInt8.self)
            if isSpecial(byte) { break }
            place += 1
        }
        return place
    }

    /// The place of the first byte from `place` on that may need an escape in a text to be written: a
    /// control character, a quote, a backslash, or 0xF4, which may begin a lone surrogate's stand-in.
    ///
    /// The reason for unsafe: sixteen or eight bytes are read at once, always before `end`.
    @inline(__always) static func unescapedEnd(
        _ base: UnsafeRawPointer, from start: Int, to end: Int
    ) -> Int {
        var place = start
        // The last of them may begin before `place`, where nothing needs an escape.
        #if arch(x86_64)
            if end - start >= 16 {
                while place < end {
                    place = min(place, end - 16)
                    let special = unsafe escapedBytes(base + place)
                    if special != 0 { return place + special.trailingZeroBitCount }
                    place += 16
                }
                return end
            }
        #endif
        if end - start >= 8 {
            while place < end {
                place = min(place, end - 8)
                let word = unsafe base.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                let special = escapedBytes(UInt64(littleEndian: word))
                if special != 0 { return place + (special.trailingZeroBitCount >> 3) }
                place += 8
            }
            return end
        }
        while place < end {
            let byte = unsafe base.load(fromByteOffset: place, as: UInt8.self)
            if byte == 0xF4 || (byte < 0x80 && isSpecial(byte)) { break }
            place += 1
        }
        return place
    }

    /// True for what ends a run.
    @inline(__always) static func isSpecial(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// A bit for each of 64 bytes that is special, the first one lowest.
    ///
    /// The reason for unsafe: the caller knows that they lie in memory.
    @inline(__always) static func specials(_ pointer: UnsafeRawPointer) -> UInt64 {
        #if arch(x86_64)
            let low = unsafe bits(pointer) | bits(pointer + 16) << 16
            let high = unsafe bits(pointer + 32) | bits(pointer + 48) << 16
            return UInt64(low) | UInt64(high) << 32
        #else
            var all: UInt64 = 0
            for place in 0..<8 {
                let word = unsafe pointer.loadUnaligned(
                    fromByteOffset: 8 * place, as: UInt64.self)
                // One bit a byte, moved together into the highest byte.
                let bits = allSpecialBytes(UInt64(littleEndian: word)) >> 7
                all |= ((bits &* 0x0102_0408_1020_4080) >> 56) << UInt64(8 * place)
            }
            return all
        #endif
    }

    /// How many of sixteen bytes are digits before the first that is not.
    ///
    /// The reason for unsafe: the caller knows that they lie in memory.
    @inline(__always) static func digits(_ pointer: UnsafeRawPointer) -> Int {
        #if arch(x86_64)
            let bytes = unsafe pointer.loadUnaligned(as: SIMD2<Int64>.self)
            // As signed numbers the digits come to be the ten lowest.
            let shifted = _mm_add_epi8(bytes, _mm_set1_epi8(0x50))
            let digits = _mm_movemask_epi8(_mm_cmplt_epi8(shifted, _mm_set1_epi8(-118)))
            return Int((~digits).trailingZeroBitCount)
        #else
            var count = 0
            while count < 16,
                unsafe pointer.load(fromByteOffset: count, as: UInt8.self) &- 0x30 < 10
            {
                count += 1
            }
            return count
        #endif
    }

    #if arch(x86_64)
        @inline(__always) private static func bits(_ pointer: UnsafeRawPointer) -> UInt32 {
            let bytes = unsafe pointer.loadUnaligned(as: SIMD2<Int64>.self)
            // With its second bit turned a quote comes right after the control characters, which stay
            // among themselves.
            let turned = _mm_xor_si128(bytes, _mm_set1_epi8(2))
            let below = _mm_cmplt_epi8(turned, _mm_set1_epi8(0x21))
            let backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x5C))
            return UInt32(bitPattern: _mm_movemask_epi8(_mm_or_si128(below, backslash)))
        }

        /// A bit for each of sixteen bytes that may need an escape.
        @inline(__always) private static func escapedBytes(_ pointer: UnsafeRawPointer) -> Int32 {
            let bytes = unsafe pointer.loadUnaligned(as: SIMD2<Int64>.self)
            let below = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes)
            let quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x22))
            let backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x5C))
            // As a signed number, as which the instruction takes it.
            let lead = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(Int8(bitPattern: 0xF4)))
            return _mm_movemask_epi8(
                _mm_or_si128(_mm_or_si128(below, quote), _mm_or_si128(backslash, lead)))
        }

        /// A bit for each of sixteen bytes that is special; as signed numbers those above 0x7F are below
        /// 0x20 too.
        @inline(__always) private static func specialBytes(_ pointer: UnsafeRawPointer) -> Int32 {
            let bytes = unsafe pointer.loadUnaligned(as: SIMD2<Int64>.self)
            let below = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20))
            let quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x22))
            let backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x5C))
            return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(below, quote), backslash))
        }
    #else
        /// The high bit of each byte that is special and of no other: no sum reaches the next byte.
        @inline(__always) private static func allSpecialBytes(_ word: UInt64) -> UInt64 {
            let ones: UInt64 = 0x0101_0101_0101_0101
            let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
            let quote = ((word ^ (ones &* 0x22)) & low) &+ low
            let backslash = ((word ^ (ones &* 0x5C)) & low) &+ low
            let below = (word & low) &+ (ones &* 0x60)
            return (~(quote & backslash & below) | word) & ~low
        }
    #endif

    /// The high bit of each byte that is special. A borrow can mark bytes after the first one wrongly,
    /// never the first.
    @inline(__always) private static func specialBytes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let high: UInt64 = 0x8080_8080_8080_8080
        // Of bytes below 0x80 each difference has its high bit set only when it went below zero.
        let quote = (word ^ (ones &* 0x22)) &- ones
        let backslash = (word ^ (ones &* 0x5C)) &- ones
        let below = word &- (ones &* 0x20)
        return (quote | backslash | below | word) & high
    }

    /// The high bit of each byte that may need an escape. A borrow can mark bytes after the first one
    /// wrongly, never the first.
    @inline(__always) private static func escapedBytes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let high: UInt64 = 0x8080_8080_8080_8080
        let below = (word &- (ones &* 0x20)) & ~word
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let lead = word ^ (ones &* 0xF4)
        return
            (below | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
            | ((lead &- ones) & ~lead)) & high
    }
}
