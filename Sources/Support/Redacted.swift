/// A value that shows only its description wherever it is printed, since it holds secrets.
///
/// Otherwise, `dump` and the printing of whatever contains it would show its properties.
public protocol Redacted: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {}

extension Redacted {
    /// The description.
    public var debugDescription: String { description }
    /// The description alone.
    public var customMirror: Mirror { Mirror(self, unlabeledChildren: [description]) }
}
