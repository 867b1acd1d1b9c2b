/// The arguments that a signature takes as they lie, as plain numbers: asked for in each call, and most
/// calls need no more. Without parameters to compare it takes anything.
struct SignatureShape: BitwiseCopyable {
    static let countMax = 4

    /// Arguments at least and at most; less than none when nothing is taken.
    private var least: Int8 = 0
    private let most: Int8
    /// A byte for each parameter with a bit for each `ValueKind`.
    private var kinds: UInt32 = .max
    /// A byte for each parameter: the kind of an array's items, 255 for any.
    private var items: UInt32 = .max

    init() { most = .max }

    init(most: Int8) { self.most = most }

    mutating func set(_ place: Int, _ accepted: UInt8, items kind: ValueKind?, isOptional: Bool) {
        let shift = UInt32(8 * place)
        kinds = kinds & ~(255 << shift) | UInt32(accepted) << shift
        items = items & ~(255 << shift) | UInt32(kind?.rawValue ?? 255) << shift
        if !isOptional { least = Int8(place + 1) }
    }

    func fit(_ arguments: Arguments, _ evaluator: borrowing Evaluator) -> Bool {
        guard arguments.count <= most, arguments.count >= least else { return false }
        // Nothing is asked of what any function takes.
        if most == .max { return true }
        var (kinds, items) = (kinds, items)
        for place in arguments.base..<arguments.base &+ arguments.count {
            let value = evaluator.stack[place]
            let kind = evaluator.kind(of: value)
            guard kinds & 1 << UInt32(kind.rawValue) != 0 else { return false }
            if kind == .array, items & 255 != 255, var rest = evaluator.cursor(of: value) {
                while let item = evaluator.next(&rest) {
                    if UInt32(evaluator.kind(of: item).rawValue) != items & 255 { return false }
                }
            }
            kinds >>= 8
            items >>= 8
        }
        return true
    }
}
