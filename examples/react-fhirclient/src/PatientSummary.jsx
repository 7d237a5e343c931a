import { useEffect, useState } from "react";

/** summary: a promise of readSummary's result. */
export function PatientSummary({ summary }) {
  const [state, setState] = useState({});
  useEffect(() => {
    summary.then((read) => setState({ read }), (error) => setState({ error }));
  }, [summary]);

  if (state.error) return <p role="alert">{state.error.message}</p>;
  if (!state.read) return <p>Loading…</p>;
  return (
    <main>
      <h1>{state.read.name}</h1>
      <p>Born {state.read.birthDate}</p>
      <h2>Problems</h2>
      <ul>
        {state.read.problems.map((problem) => (
          <li key={problem.id}>{problem.text}</li>
        ))}
      </ul>
    </main>
  );
}
