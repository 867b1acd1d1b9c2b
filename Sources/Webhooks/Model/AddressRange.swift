/// Addresses in CIDR notation (RFC 4632), IPv4 or IPv6.
package struct AddressRange: Sendable, Equatable {
    private let network: [UInt8]
    private let prefixLength: Int

    /// Reads `10.0.0.0/8`, `fd00::/8`, or one address; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = parts.first, let bytes = Self.bytes(String(first))
        else { return nil }
        let longest = bytes.count * 8
        var length = longest
        if parts.count == 2 {
            guard let given = Int(parts[1]), given >= 0, given <= longest, parts[1].first != "+"
            else { return nil }
            length = given
        }
        network = bytes
        prefixLength = length
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
            guard part.allSatisfy({ $0.isASCII && $0.isNumber }), let byte = UInt8(part) else {
                return nil
            }
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
