/// RSA moduli of a faulty generator (CVE-2017-15361, "ROCA"): primes of the form k·M + 65537^a mod M,
/// M a product of small primes, whose factors can be found. Such a modulus is a power of 65537 modulo
/// each of those primes; one of another generator is so by chance less than once in 2^27.
enum WeakModulus {
    private static let primes: [Int] = (3...167).filter { number in
        (2..<number).allSatisfy { $0 * $0 > number || !number.isMultiple(of: $0) }
    }

    /// For each prime, which remainders are powers of 65537.
    private static let powers: [[Bool]] = primes.map { prime in
        var isPower = [Bool](repeating: false, count: prime)
        var power = 1
        while !isPower[power] {
            isPower[power] = true
            power = power * 65_537 % prime
        }
        return isPower
    }

    /// - Parameter modulus: big-endian.
    static func isFaulty(_ modulus: [UInt8]) -> Bool {
        zip(primes, powers).allSatisfy { prime, isPower in
            isPower[modulus.reduce(0) { ($0 << 8 | Int($1)) % prime }]
        }
    }
}
