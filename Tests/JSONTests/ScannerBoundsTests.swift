import Glibc
import Testing

@testable import JSON

/// The scanner reads no byte beyond the text: right behind it lies a page that may not be read.
struct ScannerBoundsTests {
    /// Texts whose every beginning is scanned.
    private static let texts = [
        #"{"a": {"b": [1, "c", true], "d": {}}, "e": [[], [[[1]]]], "f": null}"#,
        #"{"a":{"b":[1,"c",false],"d":{}},"e":[[],[[[-1.5]]]],"f":"\u00e9\n","g":"é"}"#,
        #"[{"a": "b", "c": "d"}, {"e": "f"}, "g", 12345678901234567890, 1e5, 0.25, "hhhhhhhhhhhhhhhh"]"#,
        "[ 1 ,\n {\"a\" :\t\"b\" , \"c\":[ ]} ]",
        "[[[[[[[[{\"a\": [[[[{\"b\": {\"c\": {\"d\": [",
    ]

    /// Memory whose end is followed by a page that may not be read.
    @safe private final class Guarded {
        let page = sysconf(Int32(_SC_PAGESIZE))
        private let start: UnsafeMutableRawPointer

        init?() {
            let memory = unsafe mmap(
                nil, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            guard let memory = unsafe memory, unsafe memory != MAP_FAILED,
                unsafe mprotect(memory + 3 * page, page, PROT_NONE) == 0
            else { return nil }
            unsafe start = memory
        }

        deinit { unsafe munmap(start, 4 * page) }

        /// The bytes at the end of what may be read.
        func place(_ bytes: ArraySlice<UInt8>) -> UnsafeRawBufferPointer {
            let target = unsafe UnsafeMutableRawBufferPointer(
                start: start + 3 * page - bytes.count, count: bytes.count)
            unsafe target.copyBytes(from: bytes)
            return UnsafeRawBufferPointer(target)
        }
    }

    /// Entries written, or where and why the text is refused.
    private static func outcome(_ text: UnsafeRawBufferPointer, takesPlain: Bool) -> String {
        var entries = [TapeEntry](
            repeating: TapeEntry(kind: .null, offset: 0, length: 0), count: text.count + 2)
        var words = [UInt64](repeating: .max, count: JSONScanner.wordCount)
        return unsafe entries.withUnsafeMutableBufferPointer { entries in
            unsafe words.withUnsafeMutableBufferPointer { words in
                do throws(JSONScanner.Failure) {
                    let scanner = try unsafe JSONScanner(
                        text, tape: entries, words: words, depthMax: 64)
                    return "\(try scanner.scan(takesPlain: takesPlain))"
                } catch {
                    return "\(error)"
                }
            }
        }
    }

    @Test(arguments: texts)
    func `every beginning of a text is read up to its end and no further`(text: String) throws {
        let memory = try #require(Guarded())
        // Strings in front move the end over those of blocks and windows.
        for padding in [0, 40, 61, 4_040, 4_090] {
            let pad = Array(("[\"" + String(repeating: "p", count: padding) + "\",").utf8)
            let whole = pad + Array(text.utf8)
            for end in pad.count...whole.count {
                // As it is, and with another last byte, which begins or ends something.
                for last in [whole[end - 1]] + Array("{[\"\\:,1e-tn]} ".utf8) {
                    let bytes = unsafe memory.place(whole[..<(end - 1)] + [last])
                    let plain = unsafe Self.outcome(bytes, takesPlain: true)
                    let other = unsafe Self.outcome(bytes, takesPlain: false)
                    #expect(plain == other, "\(end - pad.count) bytes, \(last), behind \(padding)")
                }
            }
        }
    }
}
