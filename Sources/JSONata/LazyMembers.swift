public import JSON

/// Makes the members of a `LazyObject`, each when an expression touches it.
public protocol LazyMembers: AnyObject {
    /// The keys of the members that are made.
    var keys: LazyObject.Keys { get }

    /// Members that are there already: behind the others, with other keys.
    var added: JSONObject { get }

    /// The value of the key at a place, asked for at most once an evaluation; nil makes the member
    /// undefined.
    func member(at place: Int) -> JSONValue?

    /// What `key` has in the member at a place, an object, when that can be said without making all of
    /// it: `.some(nil)` when it has no such member. Nil has the member made.
    func part(_ key: String, ofMemberAt place: Int) -> JSONValue??
}

/// Members that a closure makes.
final class ClosureMembers: LazyMembers {
    let keys: LazyObject.Keys
    let added: JSONObject
    private let make: (Int) -> JSONValue?

    init(_ keys: LazyObject.Keys, _ added: JSONObject, _ make: @escaping (Int) -> JSONValue?) {
        self.keys = keys
        self.added = added
        self.make = make
    }

    func member(at place: Int) -> JSONValue? { make(place) }

    func part(_ key: String, ofMemberAt place: Int) -> JSONValue?? { nil }
}
