namespace SamSharp.Analysis;

/// <summary>How far a measurement has come.</summary>
/// <param name="Name">What is being measured, such as "trace of H". The text is for people; its wording may change.</param>
/// <param name="Share">The part of the whole call that is done, from 0 to 1. It only grows within a call. Measures that may end early count
/// the most that they can take, so that the last report may jump.</param>
public readonly record struct MeasureProgress(string Name, double Share);
