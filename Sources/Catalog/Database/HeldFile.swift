import Glibc

/// A descriptor of a database's file, which stays open for as long as SQLite has the file open.
///
/// Closing any descriptor of the file would release all locks of SQLite on it in this process
/// (sqlite.org/howtocorrupt.html, 2.2), and another mount would take the database for unused. So nothing else in this
/// process opens a file that SQLite has open.
final class HeldFile: Sendable {
    let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}
