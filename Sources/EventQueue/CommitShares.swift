/// What is under way, whole and by integration, so that none takes the room of all.
///
/// An integration may hold no more than four times what is left free (the dynamic threshold of Choudhury
/// and Hahne, "Dynamic queue length thresholds for shared-memory packet switches", 1998). Alone it gets
/// four fifths of the room; the rest stays for the others, and nobody has to say how many they are.
struct CommitShares {
    struct Load: Equatable {
        var events = 0
        var bytes = 0
    }

    private static let share = 4

    private(set) var total = Load()
    private var held: [String: Load] = [:]

    /// What stands in the way of more.
    enum Obstacle {
        case events
        case bytes
    }

    /// - Returns: nil when an integration may add so much.
    func obstacle(
        to more: Load, of integration: String, eventsMax: Int, bytesMax: Int
    ) -> Obstacle? {
        let own = held[integration] ?? Load()
        if !Self.fits(more.events, own.events, total.events, eventsMax) { return .events }
        if !Self.fits(more.bytes, own.bytes, total.bytes, bytesMax) { return .bytes }
        return nil
    }

    private static func fits(_ more: Int, _ own: Int, _ total: Int, _ most: Int) -> Bool {
        let free = most - total
        return more <= free && (own &+ more &+ share - 1) / share <= free
    }

    mutating func add(_ load: Load, of integration: String) {
        total.events &+= load.events
        total.bytes &+= load.bytes
        var own = held[integration] ?? Load()
        own.events &+= load.events
        own.bytes &+= load.bytes
        held[integration] = own
    }

    mutating func remove(_ load: Load, of integration: String) {
        total.events &-= load.events
        total.bytes &-= load.bytes
        guard var own = held[integration] else { return }
        own.events &-= load.events
        own.bytes &-= load.bytes
        held[integration] = own == Load() ? nil : own
    }
}
