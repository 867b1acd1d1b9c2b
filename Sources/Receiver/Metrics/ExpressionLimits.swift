/// The names under which `postern_limits_hit_total` counts the limits of an expression.
enum ExpressionLimits {
    /// - Parameter code: an error code of JSONata.
    /// - Returns: the limit behind it; nil when the code is none of a limit.
    static func name(_ code: String) -> String? {
        switch code {
        case "D1012": "expression_time"
        case "U1001": "expression_steps"
        case "U1002": "expression_string_length"
        case "U1003": "expression_memory"
        case "U1004": "expression_regex_steps"
        case "U1009": "expression_input_depth"
        default: nil
        }
    }
}
