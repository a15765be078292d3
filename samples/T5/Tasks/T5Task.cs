using SamSharp.Samples.T5.Data;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>A data set as T5 sees it: text in, text out, and scores for the generated texts.</summary>
/// <param name="name">The task's name in <see cref="TaskCatalog"/>.</param>
public abstract class T5Task(string name)
{
    public string Name { get; } = name;

    /// <summary>The scores of <see cref="Evaluate"/> by name, the main one first; all grow with quality, to 1.</summary>
    public abstract IReadOnlyList<string> Metrics { get; }

    /// <summary>The score that ranks models.</summary>
    public string MainMetric => Metrics[0];

    /// <summary>The expected files, as shown to the user.</summary>
    public abstract string FilesDescription { get; }

    /// <summary>Whether the folder has labeled test rows; GLUE's and SuperGLUE's are not labeled.</summary>
    public abstract bool HasTest(string folder);

    /// <summary>Reads a split of the data set from its original files.</summary>
    /// <param name="folder">The folder with the files, or its parent if it has the data set's usual name there.</param>
    /// <param name="split">The split to read.</param>
    /// <param name="notice">Called if the rows differ from what was asked for, such as a sample instead of the training set.</param>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="FileNotFoundException">The folder has no file for that split.</exception>
    /// <exception cref="FormatException">A file does not have the right columns or labels.</exception>
    public abstract IReadOnlyList<TaskExample> Load(string folder, Split split, Action<string>? notice = null);

    /// <summary>Scores generated texts, one per example.</summary>
    public abstract IReadOnlyDictionary<string, double> Evaluate(
        IReadOnlyList<string> predictions, IReadOnlyList<TaskExample> examples);
}
