using SamSharp.Samples.T5.Data;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>A data set as T5 sees it: text in, text out, and scores of the texts that come out.</summary>
/// <param name="name">What the task is called in <see cref="TaskCatalog"/>.</param>
public abstract class T5Task(string name)
{
    public string Name { get; } = name;

    /// <summary>The scores of <see cref="Evaluate"/> by name, the main one first; all grow with quality, to 1.</summary>
    public abstract IReadOnlyList<string> Metrics { get; }

    /// <summary>Which of the scores decides between two models.</summary>
    public string MainMetric => Metrics[0];

    /// <summary>Which files are looked for, for people.</summary>
    public abstract string FilesDescription { get; }

    /// <summary>Whether the folder holds test rows with their labels, which those of GLUE and SuperGLUE lack.</summary>
    public abstract bool HasTest(string folder);

    /// <summary>Reads a split of the data set from its original files.</summary>
    /// <param name="folder">The folder that holds the files, or one that holds it under the data set's usual name.</param>
    /// <param name="split">Which part.</param>
    /// <param name="notice">Told where the rows are not what was asked for, such as a sample in place of the training set.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">It has no file for that split.</exception>
    /// <exception cref="FormatException">A file does not have the right columns or labels.</exception>
    public abstract IReadOnlyList<TaskExample> Load(string folder, Split split, Action<string>? notice = null);

    /// <summary>The scores of one generated text for each example.</summary>
    public abstract IReadOnlyDictionary<string, double> Evaluate(
        IReadOnlyList<string> predictions, IReadOnlyList<TaskExample> examples);
}
