import Foundation
import TestSupport

/// Runs a Python program that writes JSON, the oracle of other people's code.
func python<Value: Decodable>(_ program: String) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Command.require(["/usr/bin/python3", "-ISc", program]).output)
}
