import JSON

/// A text as the reference sees it: UTF-16 code units, lone surrogates included.
///
/// Pictures and other functions that the reference defines by code units work on this form. The
/// methods keep the clamping of the ECMAScript ones they stand for (ECMA-262 §22.1.3), because
/// results outside the plain cases depend on it.
package typealias CodeUnits = [UInt16]

extension [UInt16] {
    /// The code units of `text`, with the stand-ins of lone surrogates turned back.
    package init(units text: String) {
        self.init()
        reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if let unit = StringEscapes.surrogate(for: scalar) {
                append(unit)
            } else {
                append(contentsOf: UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter)
            }
        }
    }

    /// The text of these units; a surrogate without its other half becomes its stand-in.
    package var text: String { String(codeUnits: self[...]) }

    /// `String.prototype.indexOf`.
    func firstIndex(of part: CodeUnits, from start: Int = 0) -> Int? {
        var index = Swift.min(Swift.max(start, 0), count)
        while index + part.count <= count {
            if self[index..<(index + part.count)].elementsEqual(part) { return index }
            index += 1
        }
        return nil
    }

    /// `String.prototype.lastIndexOf`.
    func lastIndex(of part: CodeUnits) -> Int? {
        var index = count - part.count
        while index >= 0 {
            if self[index..<(index + part.count)].elementsEqual(part) { return index }
            index -= 1
        }
        return nil
    }

    /// `String.prototype.substring`: clamped, the smaller bound first.
    func substring(_ start: Int, _ end: Int) -> CodeUnits {
        let low = Swift.min(Swift.max(Swift.min(start, end), 0), count)
        let high = Swift.min(Swift.max(Swift.max(start, end), 0), count)
        return CodeUnits(self[low..<high])
    }

    /// `String.prototype.substring` to the end.
    func substring(_ start: Int) -> CodeUnits { substring(start, count) }

    /// `String.prototype.slice`: negative bounds count from the end.
    func slice(_ start: Int, _ end: Int) -> CodeUnits {
        let low = start < 0 ? Swift.max(count + start, 0) : Swift.min(start, count)
        let high = end < 0 ? Swift.max(count + end, 0) : Swift.min(end, count)
        return low < high ? CodeUnits(self[low..<high]) : []
    }

    /// `String.prototype.charAt`: one unit, or none beyond the ends.
    func unit(at index: Int) -> CodeUnits { indices.contains(index) ? [self[index]] : [] }

    /// `String.prototype.split` by a text that is not empty.
    func split(by separator: CodeUnits) -> [CodeUnits] {
        guard !separator.isEmpty else { return map { [$0] } }
        var parts: [CodeUnits] = []
        var start = 0
        while let found = firstIndex(of: separator, from: start) {
            parts.append(CodeUnits(self[start..<found]))
            start = found + separator.count
        }
        parts.append(CodeUnits(self[start...]))
        return parts
    }
}

extension String {
    /// The text of UTF-16 code units; a surrogate without its other half becomes its stand-in.
    package init(codeUnits: ArraySlice<UInt16>) {
        var view = String.UnicodeScalarView()
        var index = codeUnits.startIndex
        while index < codeUnits.endIndex {
            let unit = UInt32(codeUnits[index])
            index += 1
            if unit & 0xFC00 == 0xD800, index < codeUnits.endIndex,
                codeUnits[index] & 0xFC00 == 0xDC00
            {
                let low = UInt32(codeUnits[index])
                index += 1
                let value = 0x10000 + ((unit & 0x3FF) << 10 | low & 0x3FF)
                view.append(Unicode.Scalar(value) ?? "\u{FFFD}")
            } else {
                view.append(
                    Unicode.Scalar(unit) ?? StringEscapes.scalar(forSurrogate: unit))
            }
        }
        self.init(view)
    }
}
