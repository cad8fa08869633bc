import Foundation
import TestSupport

/// Runs the `openssl` command.
///
/// - Returns: its standard output.
@discardableResult
func openssl(_ arguments: String..., input: Data? = nil) throws -> Data {
    try openssl(arguments, input: input)
}

/// Runs the `openssl` command.
///
/// - Returns: its standard output.
func openssl(_ arguments: [String], input: Data? = nil) throws -> Data {
    try Command.require(["openssl"] + arguments, input: input).output
}
