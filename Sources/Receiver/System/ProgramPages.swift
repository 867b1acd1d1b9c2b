import Glibc

/// The pages of code that are in memory.
enum ProgramPages {
    /// Gives back the code that start-up has touched; what is still wanted comes back from the page cache
    /// at a minor fault a piece.
    ///
    /// Only ranges that are mapped for execution and not writable are touched: the kernel can read them
    /// anew from their files, whereas relocated data could not be made again.
    static func giveBackStartup() {
        guard let maps = try? FileSystem.read("/proc/self/maps") else { return }
        for line in maps.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            guard fields.count == 6, fields[1].elementsEqual("r-xp".utf8),
                fields[5].drop(while: { $0 == UInt8(ascii: " ") }).first == UInt8(ascii: "/")
            else { continue }
            let ends = fields[0].split(separator: UInt8(ascii: "-"))
            guard ends.count == 2, let start = number(ends[0]), let end = number(ends[1]),
                start < end
            else { continue }
            // unsafe: the range is a mapping of this process, private and never written; dropping it
            // changes no byte that it shows.
            _ = unsafe madvise(
                UnsafeMutableRawPointer(bitPattern: start), Int(end - start), MADV_DONTNEED)
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt? {
        UInt(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
