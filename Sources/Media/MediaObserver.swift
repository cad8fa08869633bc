public import TwilioAPI

/// Is told what Media learns, by whoever made the ``MediaLibrary``.
///
/// Called from any thread, without locks held; must be quick. `account` is the one to which the recording says that it
/// belongs; nil when it doesn't say so.
public protocol MediaObserver: AnyObject, Sendable {
    /// The media was described: from now on its size is known.
    func mediaWasDescribed(_ sid: SID, of account: SID?, as facts: MediaFacts)

    /// What was known of the media is no longer so: its entity tag or its size is another.
    func mediaHasChanged(_ sid: SID, of account: SID?)

    /// All of the media has been seen, and is what was sealed.
    func mediaWasVerified(_ sid: SID, of account: SID?)

    /// Something of what was released turned out not to be what was sealed; the media is fetched once more before it is
    /// declared bad.
    ///
    /// Nothing that was released before may be read any more.
    func mediaIsDoubtful(_ sid: SID, of account: SID?)

    /// The content turned out not to be what was sealed. Nothing of it may be read any more, whatever was cached.
    func mediaFailedAuthentication(_ sid: SID, of account: SID?)
}
