public import JSON

extension Expression {
    /// The result for an object whose members are made when they are touched.
    public func evaluate(
        _ input: LazyObject, environment: consuming EvaluationEnvironment = EvaluationEnvironment()
    ) throws(JSONataError) -> JSONValue? {
        try evaluated(consume environment) { (evaluator) throws(JSONataError) in
            let value = evaluator.value(input)
            let result = try evaluator.run(value)
            return try evaluator.json(result)
        }
    }

    /// The same, but an object as result leaves out the members that it took over from the input under
    /// their own names: nothing is made or copied of them.
    ///
    ///     // {"a": …, "b": …}: only "c" comes back, and neither "a" nor "b" is made.
    ///     let changes = try Expression("$merge([$, {'c': 1}])").changes(of: input)
    public func changes(
        of input: LazyObject, environment: consuming EvaluationEnvironment = EvaluationEnvironment()
    ) throws(JSONataError) -> JSONValue? {
        try evaluated(consume environment) { (evaluator) throws(JSONataError) in
            let value = evaluator.value(input)
            let result = try evaluator.run(value)
            guard case .object(let object) = result, case .object(let input) = value else {
                return try evaluator.json(result)
            }
            var changed: [JSONObject.Member] = []
            let header = evaluator.objects[Int(object)]
            for place in evaluator.order(of: object)
            where !evaluator.isUntouched(object, place, input) {
                let key = evaluator.key(object, place)
                let member = evaluator.cells[header.start + 2 * place + 1]
                if evaluator.isMember(member, at: key, of: input) { continue }
                if changed.isEmpty { changed.reserveCapacity(header.count - place) }
                let value = try evaluator.resolve(object, place)
                if let made = try evaluator.json(value) {
                    changed.append((evaluator.string(key), made))
                }
            }
            return .object(JSONObject(distinct: changed))
        }
    }
}
