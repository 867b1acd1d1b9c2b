/// Addresses in CIDR notation (RFC 4632), IPv4 or IPv6.
package struct AddressRange: Sendable, Equatable {
    private let network: [UInt8]
    private let prefixLength: Int

    /// Reads `10.0.0.0/8`, `fd00::/8`, or one address; nil for anything else. `::ffff:10.0.0.0/104` is
    /// `10.0.0.0/8`: the first 96 bits only say that it is IPv4 (RFC 4291 §2.5.5.2), and a range that has
    /// not all of them would be neither the one nor the other.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = parts.first, let bytes = Self.bytes(String(first))
        else { return nil }
        let before = Self.isMapped(first, bytes) ? 96 : 0
        var length = bytes.count * 8
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let given = Int(parts[1]), given >= before, given - before <= length
            else { return nil }
            length = given - before
        }
        network = bytes
        prefixLength = length
    }

    /// What is wrong with a text that is no range, to be read after it.
    package static func fault(of text: String) -> String {
        let address = text.prefix { $0 != "/" }
        if let bytes = bytes(String(address)), isMapped(address, bytes) {
            return "is IPv4 within IPv6, whose length is 96 to 128"
        }
        return "is neither an address nor a range such as 192.0.2.0/24 or 2001:db8::/32"
    }

    private static func isMapped(_ text: Substring, _ bytes: [UInt8]) -> Bool {
        bytes.count == 4 && text.contains(":")
    }

    /// True for an address inside; IPv4 inside IPv6 (`::ffff:1.2.3.4`) counts as IPv4.
    package func contains(_ address: String) -> Bool {
        guard let bytes = Self.bytes(address), bytes.count == network.count else { return false }
        let whole = prefixLength / 8
        guard bytes[..<whole] == network[..<whole] else { return false }
        let rest = prefixLength % 8
        guard rest > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> rest)
        return bytes[whole] & mask == network[whole] & mask
    }

    /// Four or sixteen bytes; nil for what is no numeric address.
    package static func bytes(_ text: String) -> [UInt8]? {
        guard text.contains(":") else { return ipv4(text[...]) }
        guard let bytes = ipv6(text) else { return nil }
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        return Array(bytes[..<12]) == mapped ? Array(bytes[12...]) : bytes
    }

    private static func ipv4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            // Some read 010 as eight, others as ten (RFC 6943 §3.1.1).
            guard part.allSatisfy({ $0.isASCII && $0.isNumber }),
                part.utf8.count == 1 || part.first != "0", let byte = UInt8(part)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func ipv6(_ text: String) -> [UInt8]? {
        var sides: [[UInt8]] = [[]]
        var rest = text[...]
        if rest.hasPrefix("::") {
            sides.append([])
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let end = rest.firstIndex(of: ":") ?? rest.endIndex
            let group = rest[..<end]
            if group.contains(".") {
                guard end == rest.endIndex, let bytes = ipv4(group) else { return nil }
                sides[sides.count - 1] += bytes
                break
            }
            guard !group.isEmpty, group.utf8.count <= 4, group.allSatisfy(\.isHexDigit),
                let value = UInt16(group, radix: 16)
            else { return nil }
            sides[sides.count - 1] += [UInt8(value >> 8), UInt8(value & 0xFF)]
            guard end < rest.endIndex else { break }
            rest = rest[rest.index(after: end)...]
            if rest.hasPrefix(":") {
                guard sides.count == 1 else { return nil }
                sides.append([])
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }
        let count = sides.reduce(0) { $0 + $1.count }
        if sides.count == 1 { return count == 16 ? sides[0] : nil }
        guard count <= 14 else { return nil }
        return sides[0] + [UInt8](repeating: 0, count: 16 - count) + sides[1]
    }
}
