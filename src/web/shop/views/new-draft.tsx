/** A new book: its words first, the file comes next. */
import { send } from '../../shared/ask.ts';
import { atLines, DraftFields, readDraft } from '../draft-form.tsx';
import { Form } from '../../shared/forms.tsx';
import { createDraft } from '../operations/desk.ts';
import { View } from '../parts.tsx';
import { go, pathOf } from '../place.ts';

export default function NewDraftView() {
  return (
    <View title="New book" className="manuscript">
      <p className="hint">Only the title is needed to begin. The file comes next.</p>
      <Form
        label="New book"
        submit="Save the draft"
        busy="Saving …"
        onSubmit={async (form) => {
          const { draft, faults } = readDraft(form);
          if (faults.length > 0) return { faults };
          const { done, refused } = await send(createDraft, { input: draft }, 'CreateDraftPayload');
          if (done) go(pathOf.manuscript(done.edition.id));
          return refused?.faults ? { faults: atLines(form, refused.faults) } : refused;
        }}
      >
        <DraftFields revision={{}} isbn13={null} prices={[]} />
      </Form>
    </View>
  );
}
