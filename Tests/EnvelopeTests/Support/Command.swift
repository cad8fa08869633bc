import Foundation
import TestSupport

/// Runs a command that has to succeed, feeds it `input` and returns what it printed.
func run(_ executable: String, _ arguments: [String], input: Data = Data()) throws -> Data {
    try Command.require([executable] + arguments, input: input).output
}

/// Runs the `openssl` command.
@discardableResult
func openssl(_ arguments: String..., input: Data = Data()) throws -> Data {
    try run("/usr/bin/openssl", arguments, input: input)
}
